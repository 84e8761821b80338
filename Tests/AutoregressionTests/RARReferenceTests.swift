import Autoregression
import FixtureSupport
import Networks
import Settings
import Tensors
import Testing

/// RAR as the reference's file configures it, put together by the names of components alone.
private struct RAR {
  let file: Fixture
  let grid: Grid
  let batch: Int, codes: Int, classes: Int, depth: Int
  var model: Model
  let loss: Noting

  init() throws {
    let file = try Fixture("rar", always: true), sides = try file.sizes("grid")
    func number(_ name: String) throws -> Int { try file.sizes(name)[0] }
    (self.file, grid, batch) = (file, Grid(height: sides[0], width: sides[1]), try number("batch"))
    (codes, classes) = (try number("codebook_size"), try number("condition_num_classes"))
    depth = try number("num_hidden_layers")
    let assembled = try Assembled(
      Codebook(codes, width: 3), over: grid, classes: classes,
      direction: "{ use: raster, anneal: { from: 1 } }", conditioner: "{ use: class-vector }",
      backbone: """
        { use: decoder, preset: rar-b, width: \(try number("hidden_size")), depth: \(depth),
          heads: \(try number("num_attention_heads")), mlp-width: \(try number("intermediate_size")),
          dropout: 0, mlp-dropout: 0, attention-dropout: 0 }
        """, loss: "{ use: cross-entropy, top-k: 1 }")
    (loss, model) = (Noting(assembled.model.loss), assembled.model)
    var theirs = try translated("weights")
    for (path, parameter) in model.parameters {
      let found = theirs.removeValue(forKey: path), value = try #require(found, "\(path)").value
      parameter.replace(value.reshaped(parameter.value.shape))
    }
    #expect(theirs.isEmpty)
    model.loss = loss
  }

  /// Tensors of a group of the file that stand for weights (or their gradients) by the paths of ours, and their names.
  ///
  /// The released tables hold rows that are never read: more positions than there are tokens, a mask token.
  func translated(_ group: String) throws -> [String: (value: Tensor, source: String)] {
    var all: [String: (value: Tensor, source: String)] = [:]
    let cells = grid.count
    func take(_ path: String, _ name: String, _ rows: Range<Int>? = nil) throws {
      var value = try file.tensor("\(group)/\(name)")
      if value.shape.count == 3 { value = value.reshaped(Array(value.shape.dropFirst())) }
      all[path] = (rows.map { value.sliced($0, axis: 0) } ?? value, name)
    }
    try take("conditioner.classes.weight", "embeddings.weight", codes + 1..<codes + 1 + classes)
    try take("conditioner.nothing", "embeddings.weight", codes + 1 + classes..<codes + 2 + classes)
    try take("backbone.input.weight", "embeddings.weight", 0..<codes)
    try take("backbone.classToken", "cls_token")
    // The embedding of the position of the condition token, to which the class vector is added.
    try take("backbone.blank", "pos_embed", 1..<2)
    try take("backbone.prefixPositions", "pos_embed", 0..<1)
    try take("backbone.sources.weight", "pos_embed", 2..<2 + cells)
    try take("backbone.positions.weight", "target_aware_pos_embed", 2..<2 + cells)
    try take("backbone.modulationPositions.weight", "timesteps_embeddings", 0..<1 + cells)
    for part in ["weight", "bias"] {
      try take("backbone.adaptiveNorm.modulation.\(part)", "adaln_before_head.adaLN_modulation.1.\(part)")
      try take("loss.head.\(part)", "lm_head.\(part)")
      for index in 0..<depth {
        let (ours, theirs) = ("backbone.blocks.\(index)", "blocks.\(index)")
        for (path, name) in [
          ("norm1", "norm1"), ("norm2", "norm2"), ("attention.qkv", "attn.qkv"), ("attention.output", "attn.proj"),
          ("attention.queryNorm", "attn.q_norm"), ("attention.keyNorm", "attn.k_norm"), ("expand", "mlp.fc1"),
          ("contract", "mlp.fc2"), ("modulation", "adaLN_modulation.1"),
        ] {
          try take("\(ours).\(path).\(part)", "\(theirs).\(name).\(part)")
        }
        // Shift, scale and gate of attention, then those of the MLP; ours are gates, scales, shifts of both.
        let key = "\(ours).modulation.\(part)"
        if let (chunks, name) = all[key] {
          let width = chunks.shape[0] / 6
          let parts = [2, 5, 1, 4, 0, 3].map { chunks.sliced($0 * width..<($0 + 1) * width, axis: 0) }
          all[key] = (Tensor.concatenated(parts, axis: 0), name)
        }
      }
    }
    return all
  }

  /// Numbers [batch * count] of a data set, one list per sample.
  func lists(_ name: String) throws -> Indices {
    let all = try file.ints(name)
    return (0..<batch).map { Array(all[$0 * all.count / batch..<($0 + 1) * all.count / batch]) }
  }

  /// The latent whose tokens have these codes.
  func latent(_ codes: Indices) -> Tensor {
    model.quantizer.tokens(coded: codes).values.reshaped([batch, grid.height, grid.width, model.quantizer.space.width])
  }
}

@Suite("Raster and a decoder with preset 'rar-b' are the released RAR")
struct RARReferenceTests {
  @Test("logits of permuted tokens, training loss and every gradient are those of the released code")
  func training() throws {
    var rar = try RAR()
    let file = rar.file, latent = rar.latent(try rar.lists("inputs/train/tokens"))
    let labels = try file.ints("inputs/train/labels"), drop = try file.tensor("inputs/train/label_drop_u")
    let orders = try file.tensor("inputs/train/orders"), direction = rar.model.direction
    let half = Tensor(repeating: 0.5, shape: [rar.batch])
    func random() -> Random {
      Random(
        replaying: ["order": [orders], "anneal": [half], "label-drop": [drop]], samples: Array(0..<rar.batch))
    }
    var draws = random(), dropout: Random?
    let turn = direction.trainingTurn(batch: rar.batch, progress: 0, &draws)
    let kept = zip(labels, drop.scalars).map { $1 < rar.model.conditioner.dropRate ? nil : Optional($0) }
    #expect(kept.contains(nil))
    let canvas = direction.canvas(of: latent, by: rar.model.quantizer)
    let hidden = rar.model.backbone(
      direction.view(of: canvas, at: turn, by: rar.model.quantizer), given: rar.model.conditioner(kept), cache: nil,
      &dropout)
    #expect(try file.disagreement(rar.loss.logits(hidden), "outputs/train/logits") == nil)

    rar.model.loss = rar.loss.inner
    draws = random()
    let total = rar.model.trainingLoss(latent, labels, progress: 0, &draws).mean
    #expect(try file.disagreement(total, "outputs/train/loss") == nil)
    let theirs = try rar.translated("grads/train"), parameters = rar.model.parameters
    for ((path, _), ours) in zip(parameters, total.gradients(of: parameters.map { $0.parameter() })) {
      let (value, name) = try #require(theirs[path])
      let distance = ours.distance(to: value.reshaped(ours.shape))
      let allowed = try file.tolerance("grads/train/\(name)")
      #expect(distance <= allowed, "\(path)")
    }
  }

  @Test(
    "greedy decoding gives the released code's tokens and logits, with a cache and without", arguments: [true, false])
  func decoding(_ isCached: Bool) throws {
    let file = try Fixture("rar", always: true), runs = file.names("outputs").filter { $0.hasPrefix("greedy") }
    #expect(runs.count > 1)
    for run in runs {
      let rar = try RAR(), group = "outputs/\(run)"
      let scale = Float(try #require(try file.attribute("guidance_scale", of: group)))
      let power = Float(try #require(try file.attribute("guidance_scale_pow", of: group)))
      var random = Random(seed: 1, samples: Array(0..<rar.batch))
      let guidance = Guidance(
        scale: scale == 0
          ? .constant(1) : Schedule(.powerCosine, from: 1, to: scale, power: power, over: .step))
      let latent = rar.model.generate(
        try file.ints("inputs/generate/labels"), guidance, cached: isCached, &random, watch: { _ in })
      #expect(latent.distance(to: rar.latent(try rar.lists("\(group)/tokens"))) == 0, "\(run)")
      let logits = Tensor.concatenated(rar.loss.notes.logits, axis: 1)
      #expect(try file.disagreement(logits, "\(group)/logits") == nil)
    }
  }
}
