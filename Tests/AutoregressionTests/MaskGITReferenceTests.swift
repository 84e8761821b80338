import Autoregression
import FixtureSupport
import Networks
import Settings
import Tensors
import Testing

/// MaskGIT's transformer as the reference's file configures it, put together by the names of components alone.
private struct MaskGIT {
  let file: Fixture
  let grid: Grid
  let batch: Int, codes: Int, classes: Int, depth: Int
  let model: Model

  init() throws {
    let file = try Fixture("maskgit", always: true), sides = try file.sizes("grid")
    func number(_ name: String) throws -> Int { try file.sizes(name)[0] }
    (self.file, grid, batch) = (file, Grid(height: sides[0], width: sides[1]), try number("batch"))
    (codes, classes) = (try number("codebook_size"), try number("num_class"))
    depth = try number("num_hidden_layers")
    model = try Assembled(
      Codebook(codes, width: 3), over: grid, classes: classes,
      direction: "{ use: masked, mask-ratio: schedule, schedule: linear, mask-ratio-sampling: per-image }",
      conditioner: "{ use: class-prefix, count: 1 }",
      backbone: """
        { use: decoder, preset: maskgit, width: \(try number("hidden_size")), depth: \(depth),
          heads: \(try number("num_attention_heads")), mlp-width: \(try number("intermediate_size")),
          dropout: 0, token-dropout: 0, attention-dropout: 0 }
        """, loss: "{ use: cross-entropy }"
    ).model
    var theirs = try translated("weights")
    // The released model has no vector of no class.
    for (path, parameter) in model.parameters where path != "conditioner.nothing" {
      let found = theirs.removeValue(forKey: path), value = try #require(found, "\(path)").value
      parameter.replace(value.reshaped(parameter.value.shape))
    }
    #expect(theirs.isEmpty)
  }

  /// Tensors of a group of the file that stand for weights (or their gradients) by the paths of ours, and their names.
  ///
  /// Kernels are [in, out]; one table holds codes, classes and the mask token.
  func translated(_ group: String) throws -> [String: (value: Tensor, sources: [String])] {
    var all: [String: (value: Tensor, sources: [String])] = [:]
    func tensor(_ name: String) throws -> Tensor { try file.tensor("\(group)/\(name)") }
    func take(_ path: String, _ name: String, _ rows: Range<Int>? = nil) throws {
      let value = try tensor(name)
      all[path] = (rows.map { value.sliced($0, axis: 0) } ?? value, [name])
    }
    func norm(_ path: String, _ name: String) throws {
      try take("\(path).weight", "\(name).scale")
      try take("\(path).bias", "\(name).bias")
    }
    /// Kernels [inputs..., outputs...] of some layers as one weight [outputs, inputs], and their biases as one.
    func linear(_ path: String, _ names: [String], inputs: Int) throws {
      func joined(_ part: String, _ form: (Tensor) -> Tensor) throws {
        let parts = try names.map { form(try tensor("\($0).\(part)")) }
        all["\(path).\(part == "kernel" ? "weight" : part)"] = (
          Tensor.concatenated(parts, axis: 0), names.map { "\($0).\(part)" }
        )
      }
      try joined("kernel") { $0.reshaped([inputs, $0.count / inputs]).permuted([1, 0]) }
      try joined("bias") { $0.reshaped([$0.count]) }
    }
    let width = try file.sizes("hidden_size")[0], hidden = try file.sizes("intermediate_size")[0]
    let words = "Embed_0.word_embeddings.embedding", positions = "Embed_0.position_embeddings.embedding"
    try take("backbone.input.weight", words, 0..<codes)
    try take("conditioner.classes.weight", words, codes..<codes + classes)
    try take("backbone.blank", words, codes + classes..<codes + classes + 1)
    try take("backbone.prefixPositions", positions, 0..<1)
    try take("backbone.positions.weight", positions, 1..<1 + grid.count)
    try norm("backbone.embeddingNorm", "Embed_0.embeddings_ln")
    try linear("backbone.mlmLayer.dense", ["MlmLayer_0.mlm_dense"], inputs: width)
    try norm("backbone.mlmLayer.norm", "MlmLayer_0.mlm_ln")
    try take("loss.head.bias", "MlmLayer_0.mlm_bias.bias", 0..<codes)
    for index in 0..<depth {
      let (ours, theirs) = ("backbone.blocks.\(index)", "TransformerLayer_\(index)")
      let attention = "\(theirs).Attention_0.self_attention"
      try linear("\(ours).attention.qkv", ["query", "key", "value"].map { "\(attention).\($0)" }, inputs: width)
      try linear("\(ours).attention.output", ["\(attention).out"], inputs: width)
      try norm("\(ours).norm1", "\(theirs).Attention_0.attention_output_ln")
      try linear("\(ours).expand", ["\(theirs).Mlp_0.intermediate_output"], inputs: width)
      try linear("\(ours).contract", ["\(theirs).Mlp_0.layer_output"], inputs: hidden)
      try norm("\(ours).norm2", "\(theirs).Mlp_0.layer_output_ln")
    }
    return all
  }
}

@Suite("Masked prediction and a decoder with preset 'maskgit' are the released MaskGIT transformer")
struct MaskGITReferenceTests {
  @Test("with a mask of its own in each image, logits, the loss and every gradient are those of the released code")
  func forward() throws {
    let maskGIT = try MaskGIT(), file = maskGIT.file, model = maskGIT.model, count = maskGIT.grid.count
    let samples = Array(0..<maskGIT.batch), labels = try file.ints("inputs/labels")
    func lists(_ name: String) throws -> Indices {
      let all = try file.ints(name)
      return samples.map { Array(all[$0 * count..<($0 + 1) * count]) }
    }
    let latent = model.quantizer.tokens(coded: try lists("inputs/tokens")).values
      .reshaped([maskGIT.batch, maskGIT.grid.height, maskGIT.grid.width, model.quantizer.space.width])
    // The order of an image names its masked cells first, as many as the ratio says.
    let masks = try lists("inputs/mask"), ratios = masks.map { (Float($0.reduce(0, +)) - 0.5) / Float(count) }
    let orders = masks.map { mask in (0..<count).filter { mask[$0] == 1 } + (0..<count).filter { mask[$0] == 0 } }
    func random() -> Random {
      Random(
        replaying: [
          "mask-ratio": [Tensor([maskGIT.batch], ratios.map { 1 - $0 })],
          "order": [Tensor([maskGIT.batch, count], orders.flatMap { $0.map(Float.init) })],
          "label-drop": [Tensor(repeating: 1, shape: [maskGIT.batch])],
        ], samples: samples)
    }
    var draws = random(), dropout: Random?
    let turn = model.direction.trainingTurn(batch: maskGIT.batch, progress: 0, &draws)
    #expect(turn.shown == .perSample(masks.map { mask in (0..<count).filter { mask[$0] == 0 } }))
    let canvas = model.direction.canvas(of: latent, by: model.quantizer)
    let hidden = model.backbone(
      model.direction.view(of: canvas, at: turn, by: model.quantizer), given: model.conditioner(labels), cache: nil,
      &dropout)
    let table = try #require(model.backbone.outputTable).value
    let bias = try #require(model.parameters.first { $0.path == "loss.head.bias" }).parameter.value
    #expect(try file.disagreement(hidden.linear(table, bias), "outputs/logits") == nil)

    draws = random()
    let total = model.trainingLoss(latent, labels, progress: 0, &draws).mean
    #expect(try file.disagreement(total, "outputs/loss") == nil)
    let theirs = try maskGIT.translated("grads"), parameters = model.parameters
    #expect(!parameters.contains { $0.path == "loss.head.weight" })
    for ((path, _), ours) in zip(parameters, total.gradients(of: parameters.map { $0.parameter() })) {
      guard path != "conditioner.nothing" else { continue }
      let (value, names) = try #require(theirs[path])
      let distance = ours.distance(to: value.reshaped(ours.shape))
      let allowed = try names.map { try file.tolerance("grads/\($0)") }.max() ?? 0
      #expect(distance <= allowed, "\(path)")
    }
  }
}
