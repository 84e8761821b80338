import Tensors

/// How far a generation has come: what schedules (guidance, temperature, denoising steps) follow.
public struct Moment: Equatable, Sendable {
  /// 0 ..< steps.
  public var step: Int
  public var steps: Int
  /// The direction's own measure, 0...1.
  public var progress: Float

  public init(step: Int = 0, steps: Int = 1, progress: Float = 0) {
    self.step = step
    self.steps = steps
    self.progress = progress
  }
}

/// One question to the model. Indices only, but for the weights in the loss.
public struct Turn: Sendable {
  public var moment: Moment
  /// The slots that take part, in the order of the sequence.
  public var places: Selection
  /// Of these places, those that are fed; the rest are blank.
  public var shown: Selection
  /// Of these places, those to be answered, ascending.
  public var asked: Selection
  /// Leading places fed exactly as at the turn before: a cache may stand.
  public var settled: Int
  /// Overrides the slots' own level: one for all, or one per sample.
  public var levels: [Int]?
  /// Of the asked, in the loss: [batch, asked].
  public var weights: Tensor?

  public init(
    _ moment: Moment = Moment(), places: Selection = .all, shown: Selection = .all, asked: Selection = .all,
    settled: Int = 0, levels: [Int]? = nil, weights: Tensor? = nil
  ) {
    self.moment = moment
    self.places = places
    self.shown = shown
    self.asked = asked
    self.settled = settled
    self.levels = levels
    self.weights = weights
  }

  /// The slots that are asked for: places composed with asked.
  public func answered(of slots: Int, batch: Int) -> Selection {
    if case .all = places { return asked }
    return .each(
      (0..<batch).map { sample in
        let places = places.indices(in: slots, sample: sample)
        return asked.indices(in: places.count, sample: sample).map { places[$0] }
      })
  }
}

/// What a direction may know of a generation so far, besides the canvas.
public struct Past: Sendable {
  public var last: Turn?
  /// [batch, asked] of the last draw, if the loss gives one.
  public var confidence: Tensor?
  /// Slots known before the start, the same in every sample.
  public var pinned: [Int]

  public init(last: Turn? = nil, confidence: Tensor? = nil, pinned: [Int] = []) {
    self.last = last
    self.confidence = confidence
    self.pinned = pinned
  }
}

/// A turn with its inputs filled in: everything a backbone may look at.
public struct View: Sendable {
  public let turn: Turn
  /// [batch][places]: what each place stands for, levels resolved.
  public let slots: [[Slot]]
  /// [batch][places]: whose token each place is fed; nil where nothing is, before the shift.
  public let fed: [[Slot?]]
  /// [places], never decreasing.
  public let groups: [Int]
  /// [batch, places, width]; only rows that `shown` names are ever read.
  public let inputs: Tokens

  public init(turn: Turn, slots: [[Slot]], fed: [[Slot?]], groups: [Int], inputs: Tokens) {
    self.turn = turn
    self.slots = slots
    self.fed = fed
    self.groups = groups
    self.inputs = inputs
  }

  public var batch: Int { slots.count }
  public var places: Int { groups.count }
  /// [batch][shown] numbers of places.
  public var shown: Indices { turn.shown.indices(in: places, batch: batch) }
  /// [batch][asked] numbers of places.
  public var asked: Indices { turn.asked.indices(in: places, batch: batch) }
  /// [batch][asked]
  public var askedLevels: Indices { zip(slots, asked).map { slots, asked in asked.map { slots[$0].level } } }
  /// How many leading places each place sees; nil when each sees all.
  public var visible: [Int]? {
    guard let last = groups.last, groups.first != last else { return nil }
    return groups.map { group in groups.partitioningIndex { $0 > group } }
  }
  /// The same view for a batch of this one twice over: conditional rows first, then unconditional.
  public var doubled: View {
    func twice(_ selection: Selection) -> Selection {
      if case .each(let lists) = selection { return .each(lists + lists) }
      return selection
    }
    var turn = turn
    (turn.places, turn.shown, turn.asked) = (twice(turn.places), twice(turn.shown), twice(turn.asked))
    if let levels = turn.levels, levels.count > 1 { turn.levels = levels + levels }
    return View(
      turn: turn, slots: slots + slots, fed: fed + fed, groups: groups,
      inputs: Tokens(
        values: Tensor.concatenated([inputs.values, inputs.values], axis: 0), codes: inputs.codes.map { $0 + $0 }))
  }
}

extension [Int] {
  /// The first index whose element satisfies a condition that holds from some point to the end.
  func partitioningIndex(where condition: (Int) -> Bool) -> Int {
    var low = 0, high = count
    while low < high {
      let middle = (low + high) / 2
      if condition(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}

/// What a loss draws for the asked places, before the tokenizer says which tokens these are.
public struct Draw: Sendable {
  public enum Content: Sendable {
    /// [batch][asked]
    case codes(Indices)
    /// [batch, asked, width]
    case values(Tensor)
  }
  public var content: Content
  /// [batch, asked]: the logarithm of how likely each drawn token was; nil when the loss cannot say.
  public var confidence: Tensor?

  public init(_ content: Content, confidence: Tensor? = nil) {
    self.content = content
    self.confidence = confidence
  }
}
