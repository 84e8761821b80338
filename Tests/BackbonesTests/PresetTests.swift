import Autoregression
import Networks
import Settings
import Tensors
import Testing

/// A paper's model: its sizes, and its number of parameters with conditioner and head.
struct PaperModel: Sendable, CustomTestStringConvertible {
  let preset: String
  let width: Int, depth: Int, heads: Int, mlpWidth: Int
  /// As the paper prints it, and how far its rounding may be off.
  let millions: Double, within: Double
  /// Width and depth of the denoising MLP (MAR, FAR).
  var head = (width: 0, depth: 0)

  var testDescription: String { preset }

  init(
    _ preset: String, _ width: Int, _ depth: Int, heads: Int, mlpWidth: Int, millions: Double, within: Double,
    head: (width: Int, depth: Int) = (0, 0)
  ) {
    (self.preset, self.width, self.depth, self.heads) = (preset, width, depth, heads)
    (self.mlpWidth, self.millions, self.within, self.head) = (mlpWidth, millions, within, head)
  }

  /// Rows of RAR's tables that are never read: of 1280 positions it uses 258, of 1280 target positions 256, of 356
  /// steps 257, and it masks no token.
  private static let rarRows = 1022 + 1024 + 99 + 1

  /// A model with exactly the parameters of the released code, but for some rows of `width` that it never reads.
  init(
    _ preset: String, _ width: Int, _ depth: Int, heads: Int, mlpWidth: Int, released: Int, unread rows: Int = 0,
    head: (width: Int, depth: Int) = (0, 0)
  ) {
    self.init(
      preset, width, depth, heads: heads, mlpWidth: mlpWidth, millions: Double(released - rows * width) / 1e6,
      within: 0, head: head)
  }

  /// The part before the first hyphen.
  var family: Substring { preset.prefix { $0 != "-" } }
  var backbone: String { ["mar", "far"].contains(family) ? "encoder-decoder" : "decoder" }

  /// The layout that the paper trains on at 256 pixels.
  var layout: Layout {
    let cells = Grid(height: 16, width: 16)
    switch family {
    case "var": return .scales([1, 2, 3, 4, 5, 6, 8, 10, 13, 16])
    case "llamagen", "rar": return .nextToken(cells)
    default: return Layout(grid: cells, slots: Slot.cells(of: cells), groups: Array(repeating: 0, count: 256))
    }
  }

  /// The tokens of the paper's tokenizer.
  var space: TokenSpace {
    switch family {
    case "var": TokenSpace(width: 32, vocabulary: 4096)
    case "llamagen": TokenSpace(width: 8, vocabulary: 16_384)
    case "rar", "maskgit": TokenSpace(width: 256, vocabulary: 1024)
    default: TokenSpace(width: 16)
    }
  }

  /// Class tokens before all others.
  var prefix: Int { ["mar", "far"].contains(family) ? 64 : family == "maskgit" ? 1 : 0 }

  /// True where the weights of the head are the vectors of codes.
  var tiesOutput: Bool { family == "maskgit" }

  /// Parameters of what is not the backbone: vectors of 1000 classes and of no class, and the head.
  var rest: Int {
    let classes = 1001 * width
    guard let vocabulary = space.vocabulary else {
      // The denoising MLP of MAR (arXiv 2406.11838): inputs of 16 channels, time, condition; blocks of a norm, two
      // layers and adaLN with three chunks; adaLN with two and the output of 32 channels.
      let (w, d) = head
      let inputs = 16 * w + w + (256 * w + w) + (w * w + w) + (width * w + w)
      // FAR's head has a linear layer of the level's number, too.
      let level = family == "far" ? 2 * w : 0
      return classes + inputs + level + d * (2 * w + 5 * (w * w + w)) + 2 * (w * w + w) + 32 * w + 32
    }
    return classes + (tiesOutput ? 0 : width * vocabulary) + (family == "llamagen" ? 0 : vocabulary)
  }

  static let all = [
    // Tian et al. 2024, arXiv 2404.02905: width 64 depth; counted in `models/var.py` of FoundationVision/VAR 78b9539.
    PaperModel("var-d16", 1024, 16, heads: 16, mlpWidth: 4096, released: 310_283_520),
    PaperModel("var-d20", 1280, 20, heads: 20, mlpWidth: 5120, released: 600_917_136),
    PaperModel("var-d24", 1536, 24, heads: 24, mlpWidth: 6144, released: 1_033_399_360),
    PaperModel("var-d30", 1920, 30, heads: 30, mlpWidth: 7680, released: 2_010_020_356),
    // Sun et al. 2024, arXiv 2406.06525, table 1; hidden widths are two thirds of four times the width, rounded up to
    // multiples of 256; counted in `autoregressive/models/gpt.py` of FoundationVision/LlamaGen ce98ec4.
    PaperModel("llamagen-b", 768, 12, heads: 12, mlpWidth: 2048, released: 110_888_448),
    PaperModel("llamagen-l", 1024, 24, heads: 16, mlpWidth: 2816, released: 342_910_976),
    PaperModel("llamagen-xl", 1280, 36, heads: 20, mlpWidth: 3584, released: 774_699_520),
    PaperModel("llamagen-xxl", 1536, 48, heads: 24, mlpWidth: 4096, released: 1_410_972_672),
    PaperModel("llamagen-3b", 3200, 24, heads: 32, mlpWidth: 8704, released: 3_096_659_200),
    // Yu et al. 2024, arXiv 2411.00776, whose numbers are 261, 461, 955 and 1500 million; counted in `modeling/rar.py`
    // of bytedance/1d-tokenizer 942a96f.
    PaperModel("rar-b", 768, 24, heads: 16, mlpWidth: 3072, released: 260_923_648, unread: rarRows),
    PaperModel("rar-l", 1024, 24, heads: 16, mlpWidth: 4096, released: 461_668_352, unread: rarRows),
    PaperModel("rar-xl", 1280, 32, heads: 16, mlpWidth: 5120, released: 955_425_024, unread: rarRows),
    PaperModel("rar-xxl", 1408, 40, heads: 16, mlpWidth: 6144, released: 1_498_520_704, unread: rarRows),
    // Chang et al. 2022, arXiv 2202.04200; counted in `maskgit_transformer.py` of google-research/maskgit 1db2359. It
    // has no vector of no class, and biases of the logits of the 1000 classes and the mask token, too.
    PaperModel("maskgit", 768, 24, heads: 16, mlpWidth: 3072, released: 172_457_193 - 1001, unread: -1),
    // Li et al. 2024, arXiv 2406.11838, table 4: 208, 479 and 943 million; counted in
    // `models/mar.py` of LTH14/mar fe470ac.
    PaperModel("mar-b", 768, 24, heads: 12, mlpWidth: 3072, released: 207_924_768, head: (1024, 6)),
    PaperModel("mar-l", 1024, 32, heads: 16, mlpWidth: 4096, released: 478_326_304, head: (1280, 8)),
    PaperModel("mar-h", 1280, 40, heads: 16, mlpWidth: 5120, released: 942_403_104, head: (1536, 12)),
    // Yu et al. 2025, arXiv 2503.05305, table 1: 208, 451 and 812 million; counted in `models/far.py` of yuhuUSTC/FAR
    // 9b49a51.
    PaperModel("far-b", 768, 24, heads: 12, mlpWidth: 3072, released: 207_926_816, head: (1024, 6)),
    PaperModel("far-l", 1024, 32, heads: 16, mlpWidth: 4096, released: 450_647_584, head: (1536, 3)),
    PaperModel("far-h", 1280, 40, heads: 16, mlpWidth: 5120, released: 811_722_272, head: (1024, 3)),
  ]

  /// The settings in which the families differ, as their papers and code have them.
  var form: [String: String] {
    switch family {
    case "var":
      [
        "norm": "layer", "activation": "gelu-tanh", "qk-norm": "l2", "bias": "queries-values",
        "adaptive-norm": "per-block", "positions": "learned",
        "scale-residual-init": "true", "token-embedding": "linear", "add-condition-to": "mask-tokens", "dropout": "0",
        "level-embedding": "true", "mask-token": "true",
      ]
    case "llamagen":
      [
        "norm": "rms", "activation": "swiglu", "qk-norm": "none", "bias": "none", "adaptive-norm": "none",
        "positions": "rotary", "unpositioned": "zero", "rotary-base": "10000", "target-positions": "false",
        "token-embedding": "lookup", "add-condition-to": "mask-tokens", "mask-token": "false", "dropout": "0.1",
        "token-dropout": "0.1", "init-std": "0.02", "mlp-multiple-of": "256",
      ]
    case "rar":
      [
        "norm": "layer", "activation": "gelu", "qk-norm": "layer", "bias": "all", "adaptive-norm": "per-block",
        "positions": "learned", "target-positions": "true", "token-embedding": "lookup", "dropout": "0.1",
        "attention-dropout": "0.1", "mlp-dropout": "0.1", "token-dropout": "0", "init-std": "0.02",
        "gate-init-scale": "0", "modulation-init-scale": "0", "adaptive-norm-affine": "true",
        "adaptive-norm-positions": "true", "class-token": "true", "mask-token": "true",
        "add-condition-to": "mask-tokens", "epsilon": "1e-06", "drop-path": "0",
      ]
    case "maskgit":
      [
        "norm": "layer", "activation": "gelu-tanh", "qk-norm": "none", "adaptive-norm": "none", "positions": "learned",
        "token-embedding": "lookup", "dropout": "0.1", "attention-dropout": "0.1", "token-dropout": "0.1",
        "mlp-dropout": "0", "init-std": "0.0176", "epsilon": "1e-12", "norm-first": "false", "embedding-norm": "true",
        "mlm-layer": "true", "tied-output": "true", "class-token": "false",
      ]
    default:
      [
        "norm": "layer", "activation": "gelu", "qk-norm": "none", "bias": "all", "adaptive-norm": "none",
        "positions": "learned", "token-embedding": "linear",
        "add-condition-to": "all-tokens", "dropout": "0.1", "mlp-dropout": "0.1", "attention-dropout": "0.1",
        "init-std": "0",
      ]
    }
  }
}

@Suite struct PresetTests {
  /// The paper's backbone in full size, without memory.
  private func full(_ paper: PaperModel) throws -> TestBackbone {
    try withoutStorage {
      try TestBackbone(
        "{ use: \(paper.backbone), preset: \(paper.preset) }", paper.layout, space: paper.space, prefix: paper.prefix,
        hasVector: paper.prefix == 0)
    }
  }

  @Test("presets have the sizes of their papers", arguments: PaperModel.all)
  func sizes(_ paper: PaperModel) throws {
    let model = try full(paper), sizes = ["width", "depth", "heads", "mlp-width"].map { model.values[$0] }
    #expect(sizes == [paper.width, paper.depth, paper.heads, paper.mlpWidth].map { "\($0)" })
    #expect(model.backbone.width == paper.width)
    let half = paper.depth / 2
    let blocks =
      paper.backbone == "decoder"
      ? ["blocks": paper.depth] : ["encoderBlocks": half, "decoderBlocks": paper.depth - half]
    for (name, count) in blocks {
      #expect(model["\(name).\(count - 1).expand.weight"]?.value.shape == [paper.mlpWidth, paper.width])
      #expect(model["\(name).0.attention.qkv.weight"]?.value.shape == [3 * paper.width, paper.width])
      #expect(model["\(name).\(count).expand.weight"] == nil)
    }
  }

  @Test("with conditioner and head presets have their papers' numbers of parameters", arguments: PaperModel.all)
  func parameterCounts(_ paper: PaperModel) throws {
    let total = try full(paper).count + paper.rest
    #expect(abs(Double(total) / 1e6 - paper.millions) <= paper.within, "\(total)")
  }

  @Test("presets have the forms of their papers", arguments: PaperModel.all)
  func forms(_ paper: PaperModel) throws {
    let values = try full(paper).values
    for (key, value) in paper.form { #expect(values[key] == value, "\(key)") }
  }

  @Test("the depth of VAR sets its stochastic depth, initial weights and gates")
  func nextScale() throws {
    for (depth, gate) in [(16, 1e-3), (20, 1e-3), (24, 1e-4), (30, 1e-5)] as [(Int, Float)] {
      let paper = try #require(PaperModel.all.first { $0.preset == "var-d\(depth)" }), values = try full(paper).values
      func number(_ key: String) -> Float? { values[key].flatMap(Float.init) }
      #expect(number("gate-init-scale") == gate)
      #expect(abs((number("drop-path") ?? 0) - 0.1 * Float(depth) / 24) < 1e-6)
      #expect(abs((number("init-std") ?? 0) - (1 / Float(3 * 64 * depth)).squareRoot()) < 1e-6)
    }
  }

  @Test("every preset that settings name is checked here", arguments: ["decoder", "encoder-decoder"])
  func complete(_ key: String) throws {
    let papers = PaperModel.all.filter { $0.backbone == key }.map(\.preset)
    #expect(try Set(presets(of: key)) == Set(papers + ["none"]))
  }

  /// The choices of the setting `preset`.
  private func presets(of key: String) throws -> [String] {
    var settings = try Settings(parsing: "{ use: \(key) }", file: "test")
    let type = try Registry.linked().find("backbone", &settings, as: (any Backbone.Type).self)
    _ = try type.conditionWidth(&settings)
    return settings.reads.first { $0.reading.key == "preset" }?.reading.choices ?? []
  }

  @Test("a preset gives way to settings beside it")
  func overrides() throws {
    var settings = try Settings(
      parsing: "{ use: decoder, preset: llamagen-b, width: 32, heads: 4, depth: 2 }", file: "test")
    let type = try Registry.linked().find("backbone", &settings, as: (any Backbone.Type).self)
    #expect(try type.conditionWidth(&settings) == 32)
    let model = try TestBackbone(
      "{ use: decoder, preset: llamagen-b, width: 32, heads: 4, depth: 2, bias: all, mlp-multiple-of: 8 }",
      .nextToken(grid), space: TokenSpace(width: 4, vocabulary: 8), prefix: 0, hasVector: true)
    #expect(model["blocks.1.gate.weight"]?.value.shape == [88, 32] && model["blocks.2.norm1.weight"] == nil)
    #expect(model["blocks.0.attention.qkv.bias"] != nil && model["blank"] == nil && model["positions.weight"] == nil)
    // A hidden width of a preset belongs to its width.
    #expect(
      try TestBackbone(
        "{ use: decoder, preset: rar-xxl, width: 32 }", space: TokenSpace(width: 4, vocabulary: 8), hasVector: true
      ).values["mlp-width"] == "128")
  }

  @Test(
    "presets of encoders and decoders run in a small size",
    arguments: ["none", "mar-b", "mar-l", "mar-h", "far-b", "far-l", "far-h"])
  func encoderDecoders(_ preset: String) throws {
    let model = try TestBackbone("{ use: encoder-decoder, preset: \(preset), width: 32, depth: 2, heads: 2 }")
    let output = model(
      View(tokens(6), layout, Turn(shown: .range(0..<2), predicted: .range(2..<6))), condition(width: 32))
    #expect(output.shape == [2, 4, 32] && output.isFinite)
  }
}
