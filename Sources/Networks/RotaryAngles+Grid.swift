import Glibc
import Tensors

extension RotaryAngles {
  /// The angles of a two-dimensional rotary position embedding (Su et al. 2021, arXiv 2104.09864), as in LlamaGen
  /// (Sun et al. 2024, arXiv 2406.06525): [batch, positions, head width / 2].
  ///
  /// The first half of a head's channel pairs rotates with the row, the second with the column; pair j of a half by
  /// base^(-2 j / (head width / 2)) radians per cell. `headWidth` is a multiple of 4.
  ///
  /// `positions` is [batch][positions]; a token without a position is not rotated, or with `zeroesUnpositioned` its
  /// query and key become zero, as in LlamaGen: all others attend to it alike, and it attends to all alike.
  public init(_ positions: [[GridPosition?]], headWidth: Int, base: Float, zeroesUnpositioned: Bool) {
    let half = headWidth / 2, quarter = half / 2
    let frequencies = (0..<quarter).map { powf(base, -2 * Float($0) / Float(half)) }
    // [batch, positions, half]: the function of the row's angles, then of the column's.
    func table(_ function: (Float) -> Float) -> Tensor {
      let unpositioned = zeroesUnpositioned ? 0 : function(0)
      return Tensor(
        [positions.count, positions.first?.count ?? 0, half],
        positions.flatMap {
          $0.flatMap { position -> [Float] in
            guard let position else { return Array(repeating: unpositioned, count: half) }
            return frequencies.map { function(position.row * $0) } + frequencies.map { function(position.column * $0) }
          }
        })
    }
    self.init(cosines: table { cosf($0) }, sines: table { sinf($0) })
  }
}
