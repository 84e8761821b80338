import Tensors

/// One forward pass: the slots that form the sequence, the positions whose tokens are inputs, and the positions whose
/// tokens are predicted.
///
/// A turn holds indices only, but for the weights in the loss. A *slot* is a row of the canvas (see `Layout`); a
/// *position* is an index into the sequence of the turn, whose element i is slot `slots[i]`.
public struct Turn: Sendable {
  /// The point of the generation.
  public var moment: Moment
  /// The slots that take part, in the order of the sequence.
  public var slots: Selection
  /// Positions whose tokens are inputs; the others hold the mask token.
  public var shown: Selection
  /// Positions whose tokens are predicted, ascending.
  public var predicted: Selection
  /// The number of leading positions whose inputs are those of the turn before, so that cached keys and values hold.
  public var settled: Int
  /// Levels in place of the slots' own: one for all samples, or one for each.
  public var levels: [Int]?
  /// Weights of the predicted tokens in the loss, [batch, predicted]; nil if all weigh 1.
  public var weights: Tensor?

  /// A turn over all slots in order, all of which are shown and predicted unless arguments say otherwise.
  public init(
    _ moment: Moment = Moment(), slots: Selection = .all, shown: Selection = .all, predicted: Selection = .all,
    settled: Int = 0, levels: [Int]? = nil
  ) {
    self.moment = moment
    self.slots = slots
    self.shown = shown
    self.predicted = predicted
    self.settled = settled
    self.levels = levels
  }

  /// A turn of training whose predicted tokens have weights in the loss, [batch, predicted]; nil: all weigh 1.
  public init(
    slots: Selection = .all, shown: Selection = .all, predicted: Selection = .all, levels: [Int]? = nil,
    weights: Tensor?
  ) {
    self.init(slots: slots, shown: shown, predicted: predicted, levels: levels)
    self.weights = weights
  }

  /// The slots whose tokens are predicted: `slots` composed with `predicted`, for a canvas of `count` slots.
  public func predictedSlots(of count: Int, batch: Int) -> Selection {
    if case .all = slots { return predicted }
    return .perSample(
      (0..<batch).map { sample in
        let slots = slots.indices(in: count, sample: sample)
        return predicted.indices(in: slots.count, sample: sample).map { slots[$0] }
      })
  }
}

/// The history of a generation as a direction sees it, besides the canvas.
public struct Past: Sendable {
  /// The turn before; nil at the start.
  public var last: Turn?
  /// Log-probabilities of the tokens drawn in the last turn, [batch, predicted], if the loss gives them.
  public var confidence: Tensor?
  /// Slots whose tokens are given from the start, the same in every sample.
  public var pinned: [Int]

  /// The history at the start of a generation unless arguments say otherwise.
  public init(last: Turn? = nil, confidence: Tensor? = nil, pinned: [Int] = []) {
    self.last = last
    self.confidence = confidence
    self.pinned = pinned
  }
}
