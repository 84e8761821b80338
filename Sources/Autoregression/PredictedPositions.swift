import Tensors

/// The positions of predicted tokens: the slot of each, and which of them may be modelled jointly.
public struct PredictedPositions: Sendable {
  /// The slot of each token, with the level that the turn gives it: [batch][predicted].
  public var slots: [[Slot]]
  /// The attention group of each token: [batch][predicted].
  ///
  /// Tokens of one group have the same inputs, so that a loss may model them jointly. The inputs of a later group hold
  /// the tokens of earlier ones: a loss must not let one group see another.
  public var groups: Indices

  /// Tokens at slots, in groups of the same shape.
  public init(slots: [[Slot]], groups: Indices) {
    self.slots = slots
    self.groups = groups
  }

  /// Tokens of the given levels at unknown positions, each in a group of its own.
  public init(alone levels: Indices) {
    slots = levels.map { $0.map { Slot(row: 0, column: 0, level: $0, position: 0) } }
    groups = levels.map { Array($0.indices) }
  }

  /// Levels of the tokens: [batch][predicted].
  public var levels: Indices { slots.map { $0.map(\.level) } }
}

extension View {
  /// The slots and groups of the predicted tokens.
  public var predictedPositions: PredictedPositions {
    let predicted = self.predicted
    return PredictedPositions(
      slots: zip(slots, predicted).map { slots, positions in positions.map { slots[$0] } },
      groups: predicted.map { $0.map { groups[$0] } })
  }
}
