import Networks
import Tensors

/// Tokens that are given from the start and never change: for inpainting and outpainting.
public struct Pins: Sendable {
  /// A canvas with the given tokens at `slots`; other rows are not read.
  public var canvas: Tokens
  /// The slots of the given tokens, the same in every sample.
  public var slots: [Int]

  /// The tokens of `canvas` at `slots`.
  public init(_ canvas: Tokens, _ slots: [Int]) {
    self.canvas = canvas
    self.slots = slots
  }
}

/// The state after one turn of a generation, for figures and tests.
public struct GenerationStep: Sendable {
  /// The inputs of the turn.
  public var view: View
  /// The backbone's features of the predicted tokens, with the class: [batch, predicted, width].
  public var features: Tensor
  /// The sample of the predicted tokens.
  public var draw: Draw
  /// The whole canvas after the turn.
  public var canvas: Tokens
}

extension Model {
  /// Returns the tokens of a latent [batch, rows, columns, channels] whose slots `isGiven` accepts, at every level; the
  /// grid position of a slot is that of its centre.
  public func pins(of latent: Tensor, where isGiven: (Slot) -> Bool) -> Pins {
    let slots = direction.layout.slots
    return Pins(direction.canvas(of: latent, by: quantizer), slots.indices.filter { isGiven(slots[$0]) })
  }

  /// Samples latents [batch, rows, columns, channels], from nothing or around pinned tokens.
  ///
  /// - Parameters:
  ///   - labels: One label for each sample; nil for none (unconditional).
  ///   - guidance: Scale of classifier-free guidance and temperature, at each turn.
  ///   - pins: Tokens that are given from the start.
  ///   - cached: False computes all positions at every turn, for comparison; it has no part in the result but rounding.
  ///   - random: Random numbers of the samples, one stream for each.
  ///   - watch: Is called after every turn.
  public func generate(
    _ labels: [Int?], _ guidance: Guidance, around pins: Pins? = nil, cached: Bool = true, _ random: inout Random,
    watch: (GenerationStep) throws -> Void = { _ in }
  ) rethrows -> Tensor {
    try withoutGradients {
      let batch = labels.count, count = direction.layout.slots.count
      var canvas = Tokens.zeros(batch, count, quantizer.space), past = Past(pinned: pins?.slots ?? [])
      func pin() {
        guard let pins else { return }
        let rows = Selection.perSample(Array(repeating: pins.slots, count: batch))
        canvas[rows] = pins.canvas[rows]
      }
      pin()
      let alone = conditioner(labels)
      let both = alone.stacked(on: conditioner(Array(repeating: nil, count: batch)))
      // A cache holds a batch of one size: if any turn is guided, both halves are computed at all of them.
      let cache =
        cached && direction.layout.groups.last != direction.layout.groups.first
        ? AttentionCache(capacity: conditioner.prefixCount + count) : nil
      let isNeverGuided = guidance.scale.isAlways(1)
      var dropout: Random?
      while let now = direction.turn(after: past, batch: batch, &random) {
        let view = direction.view(of: canvas, at: now, by: quantizer), scale = guidance.scale(now.moment)
        var guided: Guided
        if isNeverGuided || scale == 1 && cache == nil {
          guided = Guided(conditional: backbone(view, given: alone, cache: cache, &dropout))
        } else {
          let hidden = backbone(view.doubled, given: both, cache: cache, &dropout)
          guided = Guided(
            conditional: hidden.sliced(0..<batch, axis: 0), unconditional: hidden.sliced(batch..<2 * batch, axis: 0))
        }
        guided.scale = scale
        guided.temperature = guidance.temperature(now.moment)
        let draw = loss.sample(guided, at: view.predictedPositions, moment: now.moment, &random)
        canvas[now.predictedSlots(of: count, batch: batch)] = quantizer.tokens(draw)
        pin()
        try watch(GenerationStep(view: view, features: guided.conditional, draw: draw, canvas: canvas))
        past.last = now
        past.confidence = draw.confidence
      }
      return direction.latent(of: canvas, by: quantizer)
    }
  }
}
