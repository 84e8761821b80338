import Autoregression
import Networks
import Tensors

/// The groups of predicted tokens that are modelled jointly, gathered by their size, so that groups of one size are
/// computed together.
struct JointGroups {
  /// Groups of one size.
  struct Class {
    /// Tokens of a group.
    let size: Int
    /// The sample of each group.
    let samples: [Int]
    /// The tokens of each group among those of its sample: [groups][size].
    let tokens: Indices
    /// The centres of the tokens in cells of FlowAR's finest grid: [groups][size].
    let centres: [[GridPosition?]]

    /// Rows of all groups in a table of `count` rows a sample, from the row `start` of each on: [groups][size].
    func rows(of count: Int, from start: Int = 0) -> Indices {
      zip(samples, tokens).map { sample, tokens in tokens.map { sample * count + start + $0 } }
    }
  }

  let classes: [Class]

  /// Cells along a side of FlowAR's finest grid, the unit of rotary positions.
  static let cells: Float = 16

  init(_ positions: PredictedPositions) {
    var bySize: [Int: [(sample: Int, tokens: [Int])]] = [:]
    for (sample, groups) in positions.groups.enumerated() {
      var members: [Int: [Int]] = [:], order: [Int] = []
      for (token, group) in groups.enumerated() {
        if members[group] == nil { order.append(group) }
        members[group, default: []].append(token)
      }
      for tokens in order.compactMap({ members[$0] }) { bySize[tokens.count, default: []].append((sample, tokens)) }
    }
    classes = bySize.keys.sorted().map { size in
      let groups = bySize[size] ?? []
      return Class(
        size: size, samples: groups.map(\.sample), tokens: groups.map(\.tokens),
        centres: groups.map { group in
          group.tokens.map {
            let slot = positions.slots[group.sample][$0]
            return GridPosition(row: slot.row * Self.cells, column: slot.column * Self.cells)
          }
        })
    }
  }

  /// Puts rows of classes, each [groups of the class x size, width], where `rows` says they belong: [count, width].
  static func assembled(_ parts: [(values: Tensor, rows: [Int])], count: Int) -> Tensor {
    var source = [Int](repeating: 0, count: count), next = 0
    for part in parts {
      for row in part.rows {
        source[row] = next
        next += 1
      }
    }
    precondition(next == count, "\(next) rows of groups for \(count) rows")
    let rows = Tensor.concatenated(parts.map(\.values), axis: 0).rows([source])
    return rows.reshaped([count, rows.shape[2]])
  }
}
