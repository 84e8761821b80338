import Tensors

/// A turn with its inputs filled in: everything that a backbone may read.
public struct View: Sendable {
  /// The turn.
  public let turn: Turn
  /// The slot of each position, with the level that the turn gives it: [batch][length].
  public let slots: [[Slot]]
  /// The slot whose token is the input of each position, [batch][length]; nil for the first `Layout.shift` positions.
  public let fed: [[Slot?]]
  /// The attention group of each position, [length], never decreasing.
  public let groups: [Int]
  /// Input tokens [batch, length, width]; only rows at positions that `shown` names are ever read.
  public let inputs: Tokens

  /// A view of its parts; `RegressionDirection.view(of:at:by:)` makes one of a canvas.
  public init(turn: Turn, slots: [[Slot]], fed: [[Slot?]], groups: [Int], inputs: Tokens) {
    self.turn = turn
    self.slots = slots
    self.fed = fed
    self.groups = groups
    self.inputs = inputs
  }

  /// The number of samples.
  public var batch: Int { slots.count }
  /// The number of positions of the sequence.
  public var length: Int { groups.count }
  /// Positions whose tokens are inputs: [batch][shown].
  public var shown: Indices { turn.shown.indices(in: length, batch: batch) }
  /// Positions whose tokens are predicted: [batch][predicted].
  public var predicted: Indices { turn.predicted.indices(in: length, batch: batch) }
  /// Levels of the predicted tokens: [batch][predicted].
  public var predictedLevels: Indices {
    zip(slots, predicted).map { slots, positions in positions.map { slots[$0].level } }
  }
  /// The number of leading positions that each position attends to, [length]; nil when all attend to all.
  public var visible: [Int]? {
    guard let last = groups.last, groups.first != last else { return nil }
    return groups.map { group in groups.partitioningIndex { $0 > group } }
  }
  /// The view with its batch repeated, for classifier-free guidance: conditional samples first, then unconditional.
  public var doubled: View {
    func twice(_ selection: Selection) -> Selection {
      if case .perSample(let lists) = selection { return .perSample(lists + lists) }
      return selection
    }
    var turn = turn
    (turn.slots, turn.shown, turn.predicted) = (twice(turn.slots), twice(turn.shown), twice(turn.predicted))
    if let levels = turn.levels, levels.count > 1 { turn.levels = levels + levels }
    return View(
      turn: turn, slots: slots + slots, fed: fed + fed, groups: groups,
      inputs: Tokens(
        values: Tensor.concatenated([inputs.values, inputs.values], axis: 0), codes: inputs.codes.map { $0 + $0 }))
  }
}

extension [Int] {
  /// The first index whose element satisfies a condition that holds from some index to the end: a binary search.
  func partitioningIndex(where condition: (Int) -> Bool) -> Int {
    var low = 0, high = count
    while low < high {
      let middle = (low + high) / 2
      if condition(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
