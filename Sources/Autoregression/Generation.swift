import Networks
import Tensors

/// Tokens that are given and stay: in- and out-painting.
public struct Pins: Sendable {
  public var canvas: Tokens
  /// The same in every sample.
  public var slots: [Int]

  public init(_ canvas: Tokens, _ slots: [Int]) {
    self.canvas = canvas
    self.slots = slots
  }
}

/// One turn of a generation, for those who look on.
public struct GenerationStep: Sendable {
  public var view: View
  /// The whole canvas after the turn.
  public var canvas: Tokens
}

extension Model {
  /// The tokens of an image [batch, rows, columns, channels] that lie where `isGiven` says, at every scale or band; a
  /// slot lies where its centre does.
  public func pins(of latent: Tensor, where isGiven: (Slot) -> Bool) -> Pins {
    let slots = direction.layout.slots
    return Pins(direction.canvas(of: latent, by: quantizer), slots.indices.filter { isGiven(slots[$0]) })
  }

  /// Paints latents from nothing, or around what is pinned: [batch, rows, columns, channels].
  ///
  /// One label per sample. `watch` sees every turn.
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
      // A cache holds one kind of batch: where guidance comes and goes, doubled rows are kept throughout.
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
        let draw = loss.sample(guided, levels: view.predictedLevels, at: now.moment, &random)
        canvas[now.predictedSlots(of: count, batch: batch)] = quantizer.tokens(draw)
        pin()
        try watch(GenerationStep(view: view, canvas: canvas))
        past.last = now
        past.confidence = draw.confidence
      }
      return direction.latent(of: canvas, by: quantizer)
    }
  }
}
