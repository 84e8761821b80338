import Glibc
import Tensors

extension Tensor {
  /// A fixed two-dimensional position embedding [batch, positions, width] (He et al. 2021, MAE, arXiv 2111.06377).
  ///
  /// The first half of the channels belongs to the column, the second to the row; of each half the first half are
  /// sines, the second cosines, channel j of a quarter of 10000^(-j / (width / 4)) radians per cell. `width` is a
  /// multiple of 4. Tokens without a position get zeros.
  public static func sinusoidalEmbedding(_ positions: [[GridPosition?]], width: Int) -> Tensor {
    let quarter = width / 4
    let frequencies = (0..<quarter).map { powf(10_000, -Float($0) / Float(quarter)) }
    let all = positions.flatMap {
      $0.flatMap { position -> [Float] in
        guard let position else { return Array(repeating: 0, count: width) }
        return [position.column, position.row].flatMap { coordinate in
          frequencies.map { sinf(coordinate * $0) } + frequencies.map { cosf(coordinate * $0) }
        }
      }
    }
    return Tensor([positions.count, positions.first?.count ?? 0, width], all)
  }
}
