import Glibc
import Tensors

/// Where in a grid a token lies, in cells: fractions where it stands for more than one.
public struct Spot: Equatable, Sendable {
  public var row: Float
  public var column: Float

  public init(row: Float, column: Float) {
    self.row = row
    self.column = column
  }
}

extension RotaryAngles {
  /// In two dimensions as LlamaGen has it (Sun et al. 2024, arXiv 2406.06525): the first half of the pairs of a head
  /// turns with the row, the second with the column, pair j of a half by base^(-2 j / half the head) a cell.
  ///
  /// A place without a spot is not turned; or its query and key become zero, as in LlamaGen: all see it alike, and it
  /// sees all alike.
  public init(_ spots: [[Spot?]], headWidth: Int, base: Float, isZeroWhereNone: Bool) {
    let half = headWidth / 2, each = half / 2
    let pace = (0..<each).map { powf(base, -2 * Float($0) / Float(half)) }
    func table(_ turn: (Float) -> Float) -> Tensor {
      let none = isZeroWhereNone ? 0 : turn(0)
      return Tensor(
        [spots.count, spots.first?.count ?? 0, half],
        spots.flatMap {
          $0.flatMap { spot -> [Float] in
            guard let spot else { return Array(repeating: none, count: half) }
            return pace.map { turn(spot.row * $0) } + pace.map { turn(spot.column * $0) }
          }
        })
    }
    self.init(cosines: table { cosf($0) }, sines: table { sinf($0) })
  }
}

extension Tensor {
  /// Fixed vectors for spots, [batch, places, width]: half the channels for the column, half for the row, in each first
  /// sines then cosines (He et al. 2021, MAE, arXiv 2111.06377). Zeros where there is no spot.
  public static func sineCosine(_ spots: [[Spot?]], width: Int) -> Tensor {
    let each = width / 4
    let pace = (0..<each).map { powf(10_000, -Float($0) / Float(each)) }
    let all = spots.flatMap {
      $0.flatMap { spot -> [Float] in
        guard let spot else { return Array(repeating: 0, count: width) }
        return [spot.column, spot.row].flatMap { at in pace.map { sinf(at * $0) } + pace.map { cosf(at * $0) } }
      }
    }
    return Tensor([spots.count, spots.first?.count ?? 0, width], all)
  }
}
