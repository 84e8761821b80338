import Autoregression
import FixtureSupport
import Networks
import Settings
import Tensors
import Testing

/// A direction whose training turn is given: what the reference drew.
private struct Given: RegressionDirection {
  static let key = "given", about = About("")
  var base: any RegressionDirection
  var given: Turn?

  init(_ settings: inout Settings, over grid: Grid) throws(SettingsError) {
    base = try Registry.linked().find("direction", &settings, as: (any RegressionDirection.Type).self).init(
      &settings, over: grid)
  }
  var layout: Layout { base.layout }
  func trainingTurn(batch: Int, progress: Float, _ random: inout Random) -> Turn { given ?? Turn() }
  func turn(after past: Past, batch: Int, _ random: inout Random) -> Turn? {
    base.turn(after: past, batch: batch, &random)
  }
  func canvas(of latent: Tensor, by quantizer: any Quantizer) -> Tokens { base.canvas(of: latent, by: quantizer) }
  func latent(of canvas: Tokens, through level: Int, by quantizer: any Quantizer) -> Tensor {
    base.latent(of: canvas, through: level, by: quantizer)
  }
  func inputs(of canvas: Tokens, at turn: Turn, by quantizer: any Quantizer) -> Tokens {
    base.inputs(of: canvas, at: turn, by: quantizer)
  }
}

/// FAR as the reference's file configures it, put together by the names of components alone.
private struct FAR {
  let file: Fixture
  let side: Int, channels: Int, batch: Int, repeats: Int
  var direction: Given
  let conditioner: any Conditioner, backbone: any Backbone, loss: any TokenLoss

  init(_ more: String) throws {
    let file = try Fixture("far")
    self.file = file
    func number(_ name: String) throws -> Int { try file.sizes(name)[0] }
    let side = try number("latent_hw"), channels = try number("vae_embed_dim")
    (self.side, self.channels) = (side, channels)
    (batch, repeats) = (try number("batch"), try number("diffusion_batch_mul"))
    let registry = Registry.linked(), width = try number("encoder_embed_dim"), sections = file.text("sections") ?? ""
    var random = Random(seed: 1)
    var settings = try Settings(parsing: "{ use: frequency, preset: released, \(more) }", file: "direction")
    let direction = try Given(&settings, over: Grid(height: side, width: side))
    self.direction = direction
    try settings.finish()
    settings = try Settings(
      parsing:
        "{ use: class-prefix, count: \(try number("buffer_size")), "
        + "label-dropout: \(file.number("label_drop_prob") ?? 0) }",
      file: "conditioner")
    let conditioner = try registry.find("conditioner", &settings, as: (any Conditioner.Type).self)
      .init(&settings, classes: try number("class_num"), width: width, &random)
    self.conditioner = conditioner
    settings = try Settings(
      parsing: "{ use: encoder-decoder, \(try file.encoderDecoderSizes) }", file: "backbone")
    backbone = try registry.find("backbone", &settings, as: (any Backbone.Type).self).init(
      &settings,
      for: BackboneShape(
        layout: direction.layout, space: TokenSpace(width: channels), prefixCount: conditioner.prefixCount,
        hasVector: false), &random)
    settings = try Settings(
      parsing: """
        { use: diffusion, width: \(try number("diffloss_w")), depth: \(try number("diffloss_d")),
          diffusion-batch-mul: \(try number("diffusion_batch_mul")), clip-denoised: none,
          level-conditioning: scalar, steps: [\(sections)] }
        """, file: "loss")
    loss = try registry.find("loss", &settings, as: (any TokenLoss.Type).self)
      .init(&settings, of: TokenSpace(width: channels), from: backbone.width, levels: direction.layout.levels, &random)
    #expect(model.adopt(try file.weights(), from: "FAR") == nil)
  }

  var model: Model {
    Model(
      quantizer: Identity(width: channels), direction: direction, conditioner: conditioner, backbone: backbone,
      loss: loss)
  }

  /// Rows [repeats * batch * tokens, width] of the reference as [batch, repeats * tokens, width].
  func bySample(_ x: Tensor, _ width: Int) -> Tensor {
    x.reshaped([repeats, batch, side * side, width]).permuted([1, 0, 2, 3]).reshaped([
      batch, repeats * side * side, width,
    ])
  }

  var samples: [Int] { Array(0..<batch) }
}

@Suite struct FARReferenceTests {
  @Test("training losses and every gradient of FAR are those of the released code", arguments: ["nomask", "mask"])
  func training(_ kind: String) throws {
    var far = try FAR("levels: [0, 2]")
    let file = far.file, latents = try file.images("inputs/forward/latents"), cells = far.side * far.side
    let labels = try file.ints("inputs/forward/labels"), orders = try file.ints("inputs/forward/orders")
    let hidden = try file.ints("inputs/forward/num_masked")[0]
    let runs = file.names("outputs").filter { $0.hasPrefix("\(kind)_level") }
    #expect(!runs.isEmpty)
    for run in runs {
      let level = try file.ints("inputs/\(run)/level")[0]
      var turn = Turn(levels: [level])
      if kind == "mask" {
        turn.shown = .perSample(far.samples.map { b in orders[b * cells + hidden..<(b + 1) * cells].sorted() })
      }
      far.direction.given = turn
      let hasDrop = file.has("inputs/\(run)/label_drop_u")
      let drop = hasDrop ? try file.tensor("inputs/\(run)/label_drop_u") : Tensor(repeating: 1, shape: [far.batch])
      let times = far.bySample(try file.tensor("inputs/\(run)/t").reshaped([far.repeats * far.batch * cells, 1]), 1)
      var random = Random(
        replaying: [
          "label-drop": [drop], "timestep": [times.reshaped([far.batch, far.repeats * cells])],
          "noise": [far.bySample(try file.tensor("inputs/\(run)/noise"), far.channels)],
        ], samples: far.samples)
      let model = far.model, total = model.trainingLoss(latents, labels, progress: 0, &random).mean
      #expect(try file.disagreement(total, "outputs/\(run)/loss") == nil)
      guard !file.names("grads/\(run)").isEmpty else { continue }
      let parameters = model.parameters, gradients = total.gradients(of: parameters.map { $0.parameter() })
      let theirs = model.translated(try file.weights("grads/\(run)"), from: "FAR")
      let ours = zip(parameters, gradients).map { (path: $0.path, gradient: $1) }
      #expect(try file.disagreement(ours, "grads/\(run)", translated: theirs) == nil)
    }
  }

  @Test("both samplers of FAR, draw by draw, end where the released code ends", arguments: ["nomask", "mask"])
  func sampling(_ kind: String) throws {
    let file = try Fixture("far"), isMasked = kind == "mask"
    let levels = try file.sizes(isMasked ? "far_mask_levels" : "far_levels")
    let far = try FAR(
      "levels: \(levels), unfiltered-steps: \(isMasked ? "[1]" : "[]"), "
        + "mask: { sampling: \(isMasked ? "cosine" : "none") }"
    )
    let cells = far.side * far.side, run = "sample_\(kind)"
    func steps(_ name: String) throws -> [Tensor] {
      try levels.indices.map { try file.tensor("inputs/\(run)/step\($0)/\(name)") }
    }
    let initial = try steps("init_noise").map { $0.reshaped([far.batch, cells, far.channels]) }
    // The reference draws for both halves of a guided batch; the second half is never used.
    let noise = try steps("noise").flatMap { all in
      (0..<all.shape[0]).map { step in
        all.sliced(step..<step + 1, axis: 0).reshaped([2 * far.batch, cells, far.channels]).sliced(
          0..<far.batch, axis: 0)
      }
    }
    var recorded = ["initial": initial, "denoising": noise]
    if isMasked { recorded["order"] = [try file.tensor("inputs/sampling/orders")] }
    var random = Random(replaying: recorded, samples: far.samples)
    // What scale and temperature the reference ran with, from its first and last turn.
    func scalar(_ step: Int, _ name: String) throws -> Float {
      try file.tensor("outputs/\(run)/step\(step)/\(name)").scalars[0]
    }
    let guidance = Guidance(
      scale: Schedule(.list, from: 1, to: 1, list: try levels.indices.map { try scalar($0, "cfg_iter") }),
      temperature: Schedule(.list, from: 1, to: 1, list: try levels.indices.map { try scalar($0, "temperature_iter") }))
    if !isMasked {
      let ramp = Schedule(.cosine, from: 0.8, to: 1, over: .nextStep)
      for step in levels.indices {
        let theirs = try scalar(step, "temperature_iter")
        #expect(abs(ramp(Moment(step: step, steps: levels.count)) - theirs) < 1e-6)
      }
    }
    let labels = try file.ints("inputs/sampling/labels")
    let latent = far.model.generate(labels, guidance, &random, watch: { _ in })
    #expect(try file.disagreement(latent.permuted([0, 3, 1, 2]), "outputs/\(run)/latents") == nil)
  }
}
