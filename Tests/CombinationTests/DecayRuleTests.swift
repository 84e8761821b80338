import Autoregression
import FixtureSupport
import Laboratory
import Networks
import ProgramSupport
import Settings
import Tensors
import Testing

/// The parameters without weight decay, against the rules of the released trainings, which go by name and shape.
@Suite struct DecayRuleTests {
  /// An experiment around a backbone, at the sizes of a fixture.
  private func assembly(_ text: String) throws -> Assembly {
    try Assembly(Settings(parsing: text, file: "released.yaml"), name: "released", registry: Registry.linked())
  }

  /// The parameters of a model that are treated otherwise than the tensors of a checkpoint that they come from, where
  /// `exempts` is the released rule.
  private func differences(
    _ assembly: Assembly, _ weights: [String: Tensor], from family: String, _ exempts: (String, [Int]) -> Bool
  ) -> [String] {
    let model = assembly.model, translated = model.translated(weights, from: family)
    let decays = assembly.training.decays(
      model.parameters.map(\.parameter), head: model.loss.parameters.map(\.parameter))
    return zip(model.parameters, decays).compactMap { parameter, decays in
      guard let name = translated[parameter.path]?.sources.first, let shape = weights[name]?.shape else {
        return "\(parameter.path) has no tensor"
      }
      return decays == !exempts(name, shape) ? nil : "\(parameter.path) (\(name)) decays: \(decays)"
    }
  }

  @Test("MAR and FAR exempt the diffusion head, biases and gains", arguments: ["mar", "far"])
  func diffusion(_ name: String) throws {
    let file = try Fixture(name)
    func number(_ name: String) throws -> Int { try file.sizes(name)[0] }
    let patch = name == "mar" ? try number("patch_size") : 1, side = try number("latent_hw") / patch
    let direction =
      name == "mar" ? "masked" : "frequency, preset: released, levels: \(try file.sizes("far_levels"))"
    let assembly = try assembly(
      """
      dataset: { use: image-folder, path: none, size: \(2 * side), classes: \(try number("class_num")) }
      tokenizer:
        { use: continuous, stride: 2, width: 4, norm-groups: 1,
          channels: \(try number("vae_embed_dim") * patch * patch) }
      direction: { use: \(direction) }
      conditioner: { use: class-prefix, count: \(try number("buffer_size")) }
      backbone: { use: encoder-decoder, \(try file.encoderDecoderSizes) }
      loss: { use: diffusion, width: \(try number("diffloss_w")), depth: \(try number("diffloss_d")) }
      training: { undecayed: [biases, gains, head] }
      """)
    // `add_weight_decay` of util/misc.py.
    let found = differences(assembly, try file.weights(), from: name.uppercased()) { name, shape in
      shape.count == 1 || name.hasSuffix(".bias") || name.contains("diffloss")
    }
    #expect(found == [])
  }

  @Test("VAR's presets exempt positions, levels, the start token, biases and gains", arguments: ["a", "b"])
  func nextScale(_ variant: String) throws {
    let file = try Fixture("var"), suffix = file.number("embed_dim_\(variant)") == nil ? "" : "_\(variant)"
    func number(_ name: String) throws -> Int { try file.sizes(name)[0] }
    let scales = try file.sizes("patch_nums"), side = try #require(scales.last),
      width = try number("embed_dim\(suffix)")
    let isNormed = try file.attribute("attn_l2_norm", of: "outputs/train_\(variant)") == 1
    let isShared = try file.attribute("shared_aln", of: "outputs/train_\(variant)") == 1
    let assembly = try assembly(
      """
      dataset: { use: image-folder, path: none, size: \(2 * side), classes: \(try number("num_classes")) }
      tokenizer:
        { use: multi-scale-vq, stride: 2, width: 4, norm-groups: 1, code-width: \(try number("Cvae")),
          codes: \(try number("V")) }
      direction: { use: multi-scale, scales: \(scales) }
      conditioner: { use: class-vector }
      backbone:
        { use: decoder, preset: var-d16, width: \(width), depth: \(try number("depth")),
          heads: \(try number("num_heads\(suffix)")), mlp-width: \(width * (try number("mlp_ratio"))),
          qk-norm: \(isNormed ? "l2" : "none"), adaptive-norm: \(isShared ? "shared" : "per-block") }
      loss: { use: cross-entropy }
      """)
    // `filter_params` of utils/lr_control.py with the names of train.py.
    let undecayed = [
      "cls_token", "start_token", "task_token", "cfg_uncond", "pos_embed", "pos_1LC", "pos_start", "start_pos",
      "lvl_embed", "gamma", "beta", "ada_gss", "moe_bias", "scale_mul",
    ]
    let found = differences(assembly, try file.weights("weights/\(variant)"), from: "VAR") { name, shape in
      shape.count == 1 || name.hasSuffix("bias") || undecayed.contains { name.contains($0) }
    }
    #expect(found == [])
  }

  @Test("LlamaGen exempts what has one axis")
  func llama() throws {
    let file = try Fixture("gpt")
    func number(_ name: String) throws -> Int { try file.sizes(name)[0] }
    let assembly = try assembly(
      """
      dataset:
        { use: image-folder, path: none, size: \(2 * (try number("grid"))), classes: \(try number("num_classes")) }
      tokenizer: { use: vq, stride: 2, width: 4, norm-groups: 1, codes: \(try number("vocab_size")) }
      direction: { use: raster }
      conditioner: { use: class-vector }
      backbone:
        { use: decoder, preset: llamagen-b, width: \(try number("dim")), depth: \(try number("n_layer")),
          heads: \(try number("n_head")), mlp-multiple-of: \(try number("multiple_of")) }
      loss: { use: cross-entropy, bias: false }
      """)
    let found = differences(assembly, try file.weights(), from: "LlamaGen") { _, shape in shape.count < 2 }
    #expect(found == [])
  }

  @Test("the published MAR and FAR exempt their heads, keep tokens as they are, and average at a constant rate")
  func published() throws {
    for file in ["Experiments/papers/mar/sizes.yaml", "Experiments/papers/far/sizes.yaml"] {
      let sweep = try Sweep(file: "\(projectFolder)/\(file)", scale: "paper", overrides: [])
      let variant = try #require(sweep.variants.first)
      let assembly = try withoutStorage {
        try Assembly(variant.settings, name: "published", registry: Registry.linked())
      }
      let model = assembly.model, head = model.loss.parameters.map(\.parameter)
      #expect(assembly.training.decays(head, head: head).allSatisfy { !$0 })
      #expect(model.loss.statistics.allSatisfy { $0.statistic.scaling == nil })
      #expect(try #require(assembly.training.average(of: [])).rate(at: 1) == 0.9999)
    }
  }

  @Test("a role that does not exist is refused with those that do")
  func unknown() {
    let text = """
      dataset: { use: shapes, size: 8, count: 4 }
      tokenizer: { use: pixels, patch-size: 4 }
      direction: { use: masked }
      conditioner: { use: class-prefix }
      backbone: { use: encoder-decoder, width: 8, depth: 2, heads: 2 }
      loss: { use: l2 }
      training: { undecayed: [norms] }
      """
    do {
      _ = try assembly(text)
      Issue.record("accepted")
    } catch {
      #expect(
        "\(error)".contains("weights, biases, gains, embeddings, positions, mask-tokens, codebooks, head"), "\(error)")
    }
  }
}
