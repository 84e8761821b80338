import Autoregression
import FixtureSupport
import Networks
import Settings
import Tensors
import Testing

/// MAR as the reference's file configures it, put together by the names of components alone.
private struct MAR {
  let file: Fixture
  /// Cells along a side; numbers of a token.
  let side: Int, width: Int
  let batch: Int, repeats: Int
  let model: Model
  var cells: Int { side * side }
  var samples: [Int] { Array(0..<batch) }

  init(direction: String = "use: masked", steps: String = "10") throws {
    let file = try Fixture("mar")
    self.file = file
    func number(_ name: String) throws -> Int { try file.sizes(name)[0] }
    let patch = try number("patch_size"), channels = try number("vae_embed_dim")
    side = try number("latent_hw") / patch
    width = channels * patch * patch
    (batch, repeats) = (try number("batch"), try number("diffusion_batch_mul"))
    let registry = Registry.linked(), hidden = try number("encoder_embed_dim"), space = TokenSpace(width: width)
    var random = Random(seed: 1)
    var settings = try Settings(parsing: direction, file: "direction")
    let direction = try registry.find("direction", &settings, as: (any RegressionDirection.Type).self)
      .init(&settings, over: Grid(height: side, width: side))
    try settings.finish()
    settings = try Settings(
      parsing:
        "{ use: class-prefix, count: \(try number("buffer_size")), "
        + "label-dropout: \(file.number("label_drop_prob") ?? 0) }",
      file: "conditioner")
    let conditioner = try registry.find("conditioner", &settings, as: (any Conditioner.Type).self)
      .init(&settings, classes: try number("class_num"), width: hidden, &random)
    settings = try Settings(
      parsing: "{ use: encoder-decoder, \(try file.encoderDecoderSizes) }", file: "backbone")
    let backbone = try registry.find("backbone", &settings, as: (any Backbone.Type).self).init(
      &settings,
      for: BackboneShape(
        layout: direction.layout, space: space, prefixCount: conditioner.prefixCount, hasVector: false), &random)
    settings = try Settings(
      parsing: """
        { use: diffusion, width: \(try number("diffloss_w")), depth: \(try number("diffloss_d")),
          diffusion-batch-mul: \(repeats), clip-denoised: none, steps: \(steps) }
        """, file: "loss")
    let loss = try registry.find("loss", &settings, as: (any TokenLoss.Type).self)
      .init(&settings, of: space, from: backbone.width, levels: direction.layout.levels, &random)
    model = Model(
      quantizer: Identity(width: width), direction: direction, conditioner: conditioner, backbone: backbone,
      loss: loss)
    #expect(model.adopt(try file.weights(), from: "MAR") == nil)
  }

  /// Images [batch, channels, rows, columns] as a latent of patches: [batch, side, side, width], in the order
  /// (channel, row, column) within a patch.
  func patched(_ images: Tensor, _ patch: Int) -> Tensor {
    let (batch, channels, side) = (images.shape[0], images.shape[1], images.shape[2] / patch)
    return images.reshaped([batch, channels, side, patch, side, patch]).permuted([0, 2, 4, 1, 3, 5])
      .reshaped([batch, side, side, channels * patch * patch])
  }

  /// Of what the reference drew for every token, rows [repeats * batch * cells, width], that of some tokens:
  /// [batch, repeats * asked, width].
  func drawn(_ rows: Tensor, for asked: Indices) -> Tensor {
    let width = rows.count / (repeats * batch * cells)
    let bySample = rows.reshaped([repeats, batch, cells, width]).permuted([1, 0, 2, 3])
      .reshaped([batch, repeats * cells, width])
    return bySample.gathered(asked.map { row in (0..<repeats).flatMap { k in row.map { k * cells + $0 } } })
  }
}

@Suite struct MARReferenceTests {
  @Test("training losses and every gradient of MAR are those of the released code")
  func training() throws {
    let mar = try MAR(), file = mar.file, patch = try file.sizes("patch_size")[0]
    let latents = mar.patched(try file.tensor("inputs/train/latents"), patch)
    let labels = try file.ints("inputs/train/labels"), orders = try file.ints("inputs/train/orders")
    let hidden = try file.ints("inputs/train/num_masked")[0]
    let asked = mar.samples.map { orders[$0 * mar.cells..<$0 * mar.cells + hidden].sorted() }
    // A uniform number from which the released ratio of this many tokens follows.
    let ratio = (Double(hidden) - 0.5) / Double(mar.cells), least = file.number("mask_ratio_min") ?? 0.7
    let uniform = TruncatedNormal(mean: 1, deviation: 0.25, range: least...1).cumulative(ratio)
    let runs = file.names("outputs").filter { file.has("outputs/\($0)/loss_per_token") }
    #expect(runs.contains { !file.names("grads/\($0)").isEmpty })
    for run in runs {
      let hasDrop = file.has("inputs/\(run)/label_drop_u")
      let drop = hasDrop ? try file.tensor("inputs/\(run)/label_drop_u") : Tensor(repeating: 1, shape: [mar.batch])
      let times = mar.drawn(try file.tensor("inputs/\(run)/t"), for: asked)
      var random = Random(
        replaying: [
          "mask-ratio": [Tensor(Float(uniform))], "order": [try file.tensor("inputs/train/orders")],
          "label-drop": [drop], "timestep": [times.reshaped([mar.batch, mar.repeats * hidden])],
          "noise": [mar.drawn(try file.tensor("inputs/\(run)/noise"), for: asked)],
        ], samples: mar.samples)
      let losses = mar.model.trainingLoss(latents, labels, progress: 0, &random), total = losses.mean
      #expect(try file.disagreement(total, "outputs/\(run)/loss") == nil)
      // Token by token, where both draws of a token are in one mean.
      let tokenLosses = mar.drawn(try file.tensor("outputs/\(run)/loss_per_token"), for: asked)
        .reshaped([mar.batch, mar.repeats, hidden]).mean(axis: 1)
      let allowed = try file.tolerance("outputs/\(run)/loss_per_token")
      #expect(losses.distance(to: tokenLosses) <= allowed)
      let theirs = try file.weights("grads/\(run)")
      guard !theirs.isEmpty else { continue }
      let parameters = mar.model.parameters, gradients = total.gradients(of: parameters.map { $0.parameter() })
      let ours = zip(parameters, gradients).map { (path: $0.path, gradient: $1) }
      #expect(theirs.count == parameters.count)
      let translated = mar.model.translated(theirs, from: "MAR")
      #expect(try file.disagreement(ours, "grads/\(run)", translated: translated) == nil)
    }
  }

  @Test("masks, tokens and what the backbone says are those of the released code")
  func forward() throws {
    let mar = try MAR(), file = mar.file, model = mar.model, patch = try file.sizes("patch_size")[0]
    let latents = mar.patched(try file.tensor("inputs/train/latents"), patch)
    let channels = try file.sizes("vae_embed_dim")[0]
    let other = try file.tensor("inputs/patchify/x"), wanted = try file.tensor("outputs/patchify/tokens")
    let otherPatch = Int(Double(wanted.shape[2] / channels).squareRoot())
    #expect(mar.patched(other, otherPatch).reshaped(wanted.shape).distance(to: wanted) == 0)
    for run in file.names("outputs") where file.has("outputs/\(run)/z") {
      let canvas = model.direction.canvas(of: latents, by: model.quantizer)
      #expect(try file.disagreement(canvas.values, "outputs/\(run)/tokens") == nil)
      let mask = try file.ints("outputs/\(run)/mask")
      let shown = mar.samples.map { sample in (0..<mar.cells).filter { mask[sample * mar.cells + $0] == 0 } }
      let view = model.direction.view(of: canvas, at: Turn(shown: .perSample(shown)), by: model.quantizer)
      let drop = file.has("inputs/\(run)/label_drop_u") ? try file.tensor("inputs/\(run)/label_drop_u").scalars : nil
      let labels = try file.ints("inputs/train/labels").enumerated().map { sample, label in
        (drop?[sample] ?? 1) < model.conditioner.dropRate ? nil : Optional(label)
      }
      var dropout: Random?
      let z = model.backbone(view, given: model.conditioner(labels), cache: nil, &dropout)
      #expect(try file.disagreement(z, "outputs/\(run)/z") == nil)
    }
  }

  @Test("every sampler of MAR, draw by draw, goes and ends as the released code does")
  func sampling() throws {
    let file = try Fixture("mar"), runs = file.names("outputs").filter { $0.hasPrefix("sample") }
    #expect(!runs.isEmpty)
    for run in runs {
      let name = "outputs/\(run)", turns = file.names("inputs/\(run)").filter { $0.hasPrefix("step") }.count
      // The released code names the timesteps by one number or by those of equal sections; its map shows which.
      let map = try file.ints("inputs/\(run)/timestep_map"), isPlain = map.last == 999
      let mar = try MAR(
        direction: "{ use: masked, steps: \(turns) }",
        steps: isPlain ? "\(map.count)" : "[\(file.text("sections") ?? "")]")
      func scalar(_ step: Int, _ quantity: String) throws -> Float {
        try file.tensor("\(name)/step\(step)/\(quantity)").scalars[0]
      }
      var initial: [Tensor] = [], noise: [Tensor] = []
      for step in 0..<turns {
        let start = try file.tensor("inputs/\(run)/step\(step)/init_noise"), asked = start.shape[0] / mar.batch
        initial.append(start.reshaped([mar.batch, asked, mar.width]))
        // Where it guides, the reference draws for both halves of a doubled batch; the second half is never used.
        let all = try file.tensor("inputs/\(run)/step\(step)/noise"), halves = all.shape[1] / start.shape[0]
        for draw in 0..<all.shape[0] {
          noise.append(
            all.sliced(draw..<draw + 1, axis: 0).reshaped([halves * mar.batch, asked, mar.width])
              .sliced(0..<mar.batch, axis: 0))
        }
      }
      var random = Random(
        replaying: [
          "initial": initial, "denoising": noise, "order": [try file.tensor("inputs/sampling/orders")],
        ], samples: mar.samples)
      let cfg = Float(try #require(try file.attribute("cfg", of: name))),
        isLinear = file.text("cfg_schedule", of: name) == "linear"
      let guidance = Guidance(
        scale: isLinear ? Schedule(.linear, from: 1, to: cfg) : .constant(cfg),
        temperature: .constant(Float(try #require(try file.attribute("temperature", of: name)))))
      let labels = try file.ints("inputs/sampling/labels")
      var disagreements: [String] = []
      let latent = try mar.model.generate(labels, guidance, &random) { state in
        let step = state.view.turn.moment.step
        #expect(abs(guidance.scale(state.view.turn.moment) - (try scalar(step, "cfg_iter"))) < 1e-6)
        let mask = try file.ints("\(name)/step\(step)/mask")
        for sample in mar.samples {
          let known = (0..<mar.cells).filter { mask[sample * mar.cells + $0] == 0 }
          #expect(state.view.shown[sample] == known)
        }
        disagreements += [try file.disagreement(state.view.inputs.values, "\(name)/step\(step)/tokens_in")].compactMap {
          $0
        }
      }
      #expect(disagreements == [])
      let wanted = mar.patched(try file.tensor("\(name)/latents"), try file.sizes("patch_size")[0])
      let allowed = try file.tolerance("\(name)/latents")
      #expect(latent.distance(to: wanted) <= allowed, "\(run)")
    }
  }
}
