import Autoregression
import AutoregressionTesting
import Networks
import Tensors
import Testing

@Suite struct ConditioningTests {
  /// Four images of four classes, and how well a small model learns them by heart: the mean loss of the first token and
  /// of all others, in nats.
  private func learned(
    _ conditioner: String, direction: String = "{ use: raster }", backbone: String
  ) throws -> (first: Float, rest: Float) {
    let grid = Grid(height: 2, width: 2), codebook = Codebook(4, width: 3)
    let model = try Assembled(
      codebook, over: grid, classes: 4, direction: direction, conditioner: conditioner,
      backbone: "{ width: 32, depth: 2, heads: 4, \(backbone) }", loss: "{ use: cross-entropy }"
    ).model
    // The first token is that of the class; given it, all others follow.
    let codes = (0..<4).map { label in [label, (label + 1) % 4, (label + 2) % 4, label] }
    let latent = codebook.tokens(coded: codes).values.reshaped([4, 2, 2, 3])
    var optimizer = Optimizer(
      model.parameters.map(\.parameter), rule: AdamW(beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0), clip: 1)
    var losses = Tensor(zeros: [4, 4])
    for step in 0..<150 {
      var random = Random(seed: 1, step: step, samples: [0, 1, 2, 3])
      losses = model.trainingLoss(latent, [0, 1, 2, 3], progress: 1, &random)
      _ = optimizer.step(losses.mean, rate: 3e-3)
    }
    return (losses.sliced(0..<1, axis: 1).mean.scalar, losses.sliced(1..<4, axis: 1).mean.scalar)
  }

  @Test(
    "a class vector carries the class: a small batch is learnt by heart from the first token on",
    arguments: [
      "use: decoder", "use: decoder, adaptive-norm: per-block, qk-norm: l2, bias: queries-values",
      "use: decoder, adaptive-norm: shared",
      "use: decoder, add-condition-to: mask-tokens, positions: rotary, token-embedding: lookup, mask-token: false",
    ])
  func vector(_ backbone: String) throws {
    let loss = try learned("{ use: class-vector, label-dropout: 0 }", backbone: backbone)
    #expect(loss.first < 0.05 && loss.rest < 0.05, "\(loss)")
  }

  @Test("without conditions all is learnt but the class: its surprise is the logarithm of four")
  func unconditional() throws {
    let loss = try learned("{ use: unconditional }", backbone: "use: decoder")
    #expect(abs(loss.first - 1.386) < 0.05 && loss.rest < 0.05, "\(loss)")
  }

  @Test("the gradients of every form of both backbones are those of differences")
  func gradients() throws {
    for form in [
      "use: decoder, adaptive-norm: per-block, gate-init-scale: 1, qk-norm: layer, positions: rotary",
      "use: decoder, adaptive-norm: shared, gate-init-scale: 1, norm: rms, activation: swiglu, "
        + "mlp-multiple-of: 1, bias: none",
      "use: decoder, qk-norm: l2, bias: queries-values, activation: gelu-tanh, positions: sin-cos, "
        + "token-embedding: lookup",
      "use: encoder-decoder, adaptive-norm: per-block, gate-init-scale: 1, positions: rotary, qk-norm: layer",
      "use: encoder-decoder, norm: rms, activation: swiglu, mlp-multiple-of: 1, positions: sin-cos, "
        + "token-embedding: lookup",
    ] {
      let isWhole = form.contains("encoder"), codebook = Codebook(4, width: 3)
      let model = try Assembled(
        codebook, over: Grid(height: 1, width: 3), classes: 2,
        direction: isWhole ? "{ use: frequency }" : "{ use: raster }",
        conditioner: "{ use: class-vector, label-dropout: 0 }",
        backbone: "{ width: 8, depth: 2, heads: 2, init-std: 0.4, \(form) }", loss: "{ use: cross-entropy }"
      ).model
      let canvas = codebook.tokens(coded: [[0, 3, 2]])
      let turn = Turn(shown: .perSample([isWhole ? [0, 2] : [1, 2]]))
      let view = View(
        turn: turn, slots: [model.direction.layout.slots],
        fed: [isWhole ? model.direction.layout.slots : [nil] + model.direction.layout.slots.dropLast()],
        groups: model.direction.layout.groups, inputs: canvas)
      var dropout: Random?
      let condition = Condition(vector: Tensor([1, 8], [0.3, -0.7, 0.2, 0.9, -0.1, 0.5, -0.4, 0.6]))
      let disagreement = parameterGradientsDisagree(model.backbone, tolerance: 2e-2) {
        model.backbone(view, given: condition, cache: nil, &dropout)
      }
      #expect(disagreement == nil, "\(form)")
    }
  }
}
