import Autoregression
import FixtureSupport
import Glibc
import Networks
import Settings
import Tensors
import Testing

/// A direction whose canvas is given: codes that no image has.
private struct Laid: RegressionDirection {
  static let key = "laid", about = About("")
  let base: any RegressionDirection
  let codes: Indices

  init(_ base: any RegressionDirection, _ codes: Indices) { (self.base, self.codes) = (base, codes) }
  init(_ settings: inout Settings, over grid: Grid) throws(SettingsError) {
    base = try Registry.linked().find("direction", &settings, as: (any RegressionDirection.Type).self).init(
      &settings, over: grid)
    codes = []
  }
  var layout: Layout { base.layout }
  func trainingTurn(batch: Int, progress: Float, _ random: inout Random) -> Turn {
    base.trainingTurn(batch: batch, progress: progress, &random)
  }
  func turn(after past: Past, batch: Int, _ random: inout Random) -> Turn? {
    base.turn(after: past, batch: batch, &random)
  }
  func canvas(of latent: Tensor, by quantizer: any Quantizer) -> Tokens { quantizer.tokens(coded: codes) }
  func latent(of canvas: Tokens, through level: Int, by quantizer: any Quantizer) -> Tensor {
    base.latent(of: canvas, through: level, by: quantizer)
  }
  func inputs(of canvas: Tokens, at turn: Turn, by quantizer: any Quantizer) -> Tokens {
    base.inputs(of: canvas, at: turn, by: quantizer)
  }
}

/// The released quantizer's codebook and its convolutions over enlarged maps.
private struct Released: Quantizer {
  let space: TokenSpace
  let codebook: Tensor
  /// Kernels [out, height, width, in] and what is added.
  let refinements: [(weight: Tensor, bias: Tensor)]
  let residualRatio: Float

  init(_ file: Fixture) throws {
    codebook = try file.tensor("weights/vae/quantize.embedding.weight")
    space = TokenSpace(width: codebook.shape[1], vocabulary: codebook.shape[0])
    refinements = try (0..<(try file.sizes("share_quant_resi")[0])).map {
      let name = "weights/vae/quantize.quant_resi.qresi_ls.\($0)"
      return (try file.tensor("\(name).weight").permuted([0, 2, 3, 1]), try file.tensor("\(name).bias"))
    }
    residualRatio = Float(file.number("quant_resi") ?? 0)
  }

  func tokens(nearest values: Tensor) -> Tokens { Tokens(values: values) }
  func tokens(coded codes: Indices) -> Tokens { Tokens(values: codebook.rows(codes), codes: codes) }

  func refined(_ map: Tensor, at depth: Float) -> Tensor {
    let count = refinements.count, edge = 1 / Float(count == 4 ? 3 * count : 2 * count)
    let ticks = (0..<count).map { edge + (1 - 2 * edge) * Float($0) / Float(max(1, count - 1)) }
    let index = ticks.indices.min { abs(ticks[$0] - depth) < abs(ticks[$1] - depth) } ?? 0
    let (weight, bias) = refinements[index]
    return map * (1 - residualRatio) + map.convolved(weight, bias, padding: .all(weight.shape[1] / 2)) * residualRatio
  }
}

/// One of the file's transformers, put together by the names of components alone.
private struct VAR {
  let file: Fixture
  let batch: Int, scales: [Int]
  var model: Model
  let loss: Noting

  init(_ variant: String) throws {
    let file = try Fixture("var"), run = "outputs/train_\(variant)"
    func number(_ name: String) throws -> Int { try file.sizes(name)[0] }
    let batch = try number("batch"), scales = try file.sizes("patch_nums"), side = try #require(scales.last)
    (self.file, self.batch, self.scales) = (file, batch, scales)
    let suffix = file.number("embed_dim_\(variant)") == nil ? "" : "_\(variant)"
    let width = try number("embed_dim\(suffix)"), ratio = try #require(file.number("mlp_ratio"))
    let isNormed = try file.attribute("attn_l2_norm", of: run) == 1
    let isShared = try file.attribute("shared_aln", of: run) == 1
    let codes = try scales.indices.map { try file.ints("inputs/train/idx\($0)") }
    let canvas = (0..<batch).map { sample in
      codes.flatMap { $0[sample * $0.count / batch..<(sample + 1) * $0.count / batch] }
    }
    let assembled = try Assembled(
      Released(file), over: Grid(height: side, width: side), classes: try number("num_classes"),
      direction: "{ use: multi-scale, scales: \(scales) }",
      conditioner: "{ use: class-vector, label-dropout: \(try #require(file.number("cond_drop_rate"))) }",
      backbone: """
        { use: decoder, preset: var-d16, width: \(width), depth: \(try number("depth")),
          heads: \(try number("num_heads\(suffix)")), mlp-width: \(Int((Double(width) * ratio).rounded())),
          qk-norm: \(isNormed ? "l2" : "none"), attention-scale: \(isNormed ? 1 : 0.25),
          adaptive-norm: \(isShared ? "shared" : "per-block"),
          epsilon: \(try #require(file.number("layer_norm_eps"))), drop-path: 0 }
        """, loss: "{ use: cross-entropy, top-k: 1 }", around: { Laid($0, canvas) })
    loss = Noting(assembled.model.loss)
    model = assembled.model
    #expect(model.adopt(try file.weights("weights/\(variant)"), from: "VAR") == nil)
    model.loss = loss
  }

  static var variants: [String] {
    get throws {
      try Fixture("var").names("outputs").filter { $0.hasPrefix("train_") }.map { String($0.dropFirst("train_".count)) }
    }
  }

  var samples: [Int] { Array(0..<batch) }
}

@Suite("Multi-scale, decoder and cross-entropy are the released VAR")
struct VARReferenceTests {
  @Test("logits, training losses and every gradient are those of the released code")
  func training() throws {
    let variants = try VAR.variants
    #expect(!variants.isEmpty)
    for variant in try VAR.variants {
      var released = try VAR(variant)
      let file = released.file, run = "outputs/train_\(variant)", labels = try file.ints("inputs/train/labels")
      let drop = try file.tensor("inputs/train/\(variant)_label_drop_u")
      var random = Random(seed: 1, samples: released.samples), dropout: Random?
      let direction = released.model.direction, nothing = Tensor(zeros: [released.batch, 1, 1, 1])
      let view = direction.view(
        of: direction.canvas(of: nothing, by: released.model.quantizer),
        at: direction.trainingTurn(batch: released.batch, progress: 1, &random), by: released.model.quantizer)
      let fed = view.inputs.values, first = released.scales[0] * released.scales[0]
      #expect(try file.disagreement(fed.sliced(first..<fed.shape[1], axis: 1), "\(run)/x_in") == nil)
      let rate = released.model.conditioner.dropRate
      let keptLabels = zip(labels, drop.scalars).map { $1 < rate ? nil : Optional($0) }
      let hidden = released.model.backbone(view, given: released.model.conditioner(keptLabels), cache: nil, &dropout)
      #expect(try file.disagreement(released.loss.logits(hidden), "\(run)/logits") == nil)
      released.model.loss = released.loss.inner
      random = Random(replaying: ["label-drop": [drop]], samples: released.samples)
      let losses = released.model.trainingLoss(nothing, labels, progress: 1, &random)
      #expect(try file.disagreement(losses, "\(run)/ce") == nil)
      #expect(try file.disagreement(losses.mean, "\(run)/loss") == nil)
      #expect(try released.model.disagreement(losses.mean, file, "grads/train_\(variant)", from: "VAR") == nil)
      // The attention mask: 1 where a position attends to another.
      let groups = direction.layout.groups
      let seen = Tensor([groups.count, groups.count], groups.flatMap { i in groups.map { $0 <= i ? 1 : 0 } })
      #expect(try file.disagreement(seen, "\(run)/attn_allowed") == nil)
    }
  }

  @Test(
    "generation gives the released code's codes, logits and latents, with a cache and without",
    arguments: [true, false])
  func generation(_ isCached: Bool) throws {
    for variant in try VAR.variants {
      let released = try VAR(variant), file = released.file, run = "outputs/infer_\(variant)"
      let scale = Float(try file.attribute("cfg", of: run) ?? file.number("cfg") ?? 0)
      var random = Random(seed: 1, samples: released.samples)
      let latent = released.model.generate(
        try file.ints("inputs/infer/labels"), Guidance(scale: Schedule(.linear, from: 1, to: 1 + scale)),
        cached: isCached, &random, watch: { _ in })
      for level in released.scales.indices {
        let theirs = try file.ints("\(run)/idx\(level)")
        #expect(released.loss.notes.codes[level].flatMap { $0 } == theirs)
        #expect(try file.disagreement(released.loss.notes.logits[level], "\(run)/logits\(level)") == nil)
      }
      #expect(try file.disagreement(latent.permuted([0, 3, 1, 2]), "\(run)/fhat") == nil)
    }
  }
}
