import Autoregression
import Networks
import Settings
import Tensors
import Testing

/// Four codes at the corners of a square.
private struct Corners: Quantizer {
  let space = TokenSpace(width: 2, vocabulary: 4)
  func tokens(nearest values: Tensor) -> Tokens {
    let scalars = values.scalars, (batch, rows) = (values.shape[0], values.shape[1])
    return tokens(
      coded: (0..<batch).map { sample in
        (0..<rows).map { row in
          let i = 2 * (sample * rows + row)
          return (scalars[i] > 0 ? 1 : 0) + (scalars[i + 1] > 0 ? 2 : 0)
        }
      })
  }
  func tokens(coded codes: Indices) -> Tokens {
    Tokens(
      values: Tensor(
        [codes.count, codes[0].count, 2],
        codes.flatMap { $0.flatMap { [$0 % 2 == 1 ? 1 : -1, $0 > 1 ? 1 : -1] as [Float] } }), codes: codes)
  }
}

@Suite struct TripTests {
  /// A small model put together from the names of its parts.
  private func model(_ direction: String, _ loss: String) throws -> Model {
    let grid = Grid(height: 3, width: 3), registry = Registry.linked()
    var random = Random(seed: 3)
    let quantizer: any Quantizer = loss.contains("cross-entropy") ? Corners() : Identity(width: 2)
    func settings(_ text: String) throws -> Settings { try Settings(parsing: text, file: "test") }
    var section = try settings(direction)
    let order = try registry.find("direction", &section, as: (any RegressionDirection.Type).self)
      .init(&section, over: grid)
    try section.finish()
    section = try settings("{ use: class-prefix, count: 1 }")
    let conditioner = try registry.find("conditioner", &section, as: (any Conditioner.Type).self)
      .init(&section, classes: 2, width: 24, &random)
    section = try settings("{ use: decoder, width: 24, heads: 2, depth: 1 }")
    let backbone = try registry.find("backbone", &section, as: (any Backbone.Type).self).init(
      &section,
      for: BackboneShape(layout: order.layout, space: quantizer.space, prefixCount: 1, hasVector: false), &random)
    section = try settings(loss)
    let tokenLoss = try registry.find("loss", &section, as: (any TokenLoss.Type).self)
      .init(&section, of: quantizer.space, from: 24, levels: order.layout.levels, &random)
    try section.finish()
    return Model(quantizer: quantizer, direction: order, conditioner: conditioner, backbone: backbone, loss: tokenLoss)
  }

  @Test(
    "a model of any loss, in any order, learns which image belongs to a class and generates it",
    arguments: ["use: raster", "{ use: masked, steps: 3 }", "{ use: masked, steps: 3, reveal: confident }"],
    [
      "use: cross-entropy", "use: l2", "{ use: gaussian-mixture, components: 2 }",
      "{ use: flow-matching, width: 24, depth: 1, steps: 8 }", "{ use: diffusion, width: 24, depth: 1, steps: 20 }",
    ])
  func trip(_ direction: String, _ loss: String) throws {
    var model = try model(direction, loss)
    guard !model.direction.needsConfidence || model.loss.givesConfidence else { return }
    // Two images of corners, one a class.
    let image = (0..<2).map { label in
      (0..<18).map { ($0 * $0 / 2 + label * ($0 / 3)) % 2 == 0 ? Float(1) : -1 }
    }
    #expect(image[0] != image[1])
    let labels = [0, 1, 0, 1, 0, 1, 0, 1]
    let latent = Tensor([8, 3, 3, 2], labels.flatMap { image[$0] })
    let canvas = model.direction.canvas(of: latent, by: model.quantizer)
    model.loss.calibrate(
      on: canvas, levels: Array(repeating: model.direction.layout.slots.map(\.level), count: 8))
    var optimizer = Optimizer(model.parameters.map(\.parameter), rule: AdamW(weightDecay: 0), clip: 1),
      losses: [Float] = []
    let steps = 150
    for step in 0..<steps {
      var random = Random(seed: 5, step: step, samples: Array(0..<8))
      let loss = model.trainingLoss(latent, labels, progress: Float(step) / Float(steps), &random).mean
      losses.append(loss.scalar)
      _ = optimizer.step(loss, rate: 1e-2 * (1 - Double(step) / Double(steps)))
    }
    #expect(losses[steps - 1] < losses[0])
    var random = Random(seed: 6, samples: Array(0..<8))
    let generated = try model.generate(
      labels, Guidance(scale: .constant(1.5), temperature: .constant(0.5)), &random
    ).scalars
    let right = zip(generated, latent.scalars).count { ($0 > 0) == ($1 > 0) }
    #expect(right >= generated.count * 9 / 10, "\(right) of \(generated.count)")
  }
}
