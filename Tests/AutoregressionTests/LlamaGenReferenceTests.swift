import Autoregression
import FixtureSupport
import Networks
import Settings
import Tensors
import Testing

/// LlamaGen as the reference's file configures it, put together by the names of components alone.
private struct LlamaGen {
  let file: Fixture
  let side: Int, batch: Int
  var model: Model
  let loss: Noting

  init(hidden: String = "") throws {
    let file = try Fixture("gpt")
    func number(_ name: String) throws -> Int { try file.sizes(name)[0] }
    let side = try number("grid")
    (self.file, self.side, batch) = (file, side, try number("batch"))
    let assembled = try Assembled(
      Codebook(try number("vocab_size"), width: 3), over: Grid(height: side, width: side),
      classes: try number("num_classes"), direction: "{ use: raster }",
      conditioner: "{ use: class-vector, label-dropout: \(try #require(file.number("class_dropout_prob"))) }",
      backbone: """
        { use: decoder, preset: llamagen-b, width: \(try number("dim")), depth: \(try number("n_layer")),
          heads: \(try number("n_head")), mlp-multiple-of: \(try number("multiple_of")),
          epsilon: \(try #require(file.number("norm_eps"))), rotary-base: \(try #require(file.number("rope_base"))),
          dropout: 0, token-dropout: 0 }
        """, loss: "{ use: cross-entropy, bias: false, top-k: 1 }")
    loss = Noting(assembled.model.loss)
    model = assembled.model
    #expect(model.adopt(try file.weights(), from: "LlamaGen") == nil)
    model.loss = loss
  }

  var samples: [Int] { Array(0..<batch) }

  /// Numbers [batch * count] of a data set, one list per sample.
  func lists(_ name: String) throws -> Indices {
    let all = try file.ints(name)
    return samples.map { Array(all[$0 * all.count / batch..<($0 + 1) * all.count / batch]) }
  }

  /// The latent whose tokens have these codes.
  func latent(_ codes: Indices) -> Tensor {
    model.quantizer.tokens(coded: codes).values.reshaped([batch, side, side, model.quantizer.space.width])
  }
}

@Suite("Raster, decoder and cross-entropy are the released LlamaGen")
struct LlamaGenReferenceTests {
  @Test("logits, training loss and every gradient are those of the released code")
  func training() throws {
    var llama = try LlamaGen()
    let file = llama.file, latent = llama.latent(try llama.lists("inputs/train/tokens"))
    let labels = try file.ints("inputs/train/labels"), drop = try file.tensor("inputs/train/label_drop_u")
    // The logits, position by position.
    var random = Random(seed: 1, samples: llama.samples), dropout: Random?
    let direction = llama.model.direction, canvas = direction.canvas(of: latent, by: llama.model.quantizer)
    let turn = direction.trainingTurn(batch: llama.batch, progress: 1, &random)
    let rate = llama.model.conditioner.dropRate
    let keptLabels = zip(labels, drop.scalars).map { $1 < rate ? nil : Optional($0) }
    let hidden = llama.model.backbone(
      direction.view(of: canvas, at: turn, by: llama.model.quantizer), given: llama.model.conditioner(keptLabels),
      cache: nil, &dropout)
    #expect(try file.disagreement(llama.loss.logits(hidden), "outputs/train/logits") == nil)
    // The loss and its gradients.
    llama.model.loss = llama.loss.inner
    random = Random(replaying: ["label-drop": [drop]], samples: llama.samples)
    let total = llama.model.trainingLoss(latent, labels, progress: 1, &random).mean
    #expect(try file.disagreement(total, "outputs/train/loss") == nil)
    #expect(try llama.model.disagreement(total, file, "grads/train", from: "LlamaGen") == nil)
  }

  @Test(
    "greedy decoding gives the released code's tokens and logits, with a cache and without", arguments: [true, false])
  func decoding(_ isCached: Bool) throws {
    let file = try Fixture("gpt"), runs = file.names("outputs").filter { $0.hasPrefix("greedy") }
    #expect(!runs.isEmpty)
    for run in runs {
      let llama = try LlamaGen(), count = llama.side * llama.side, group = "outputs/\(run)"
      let scale = Float(try #require(try file.attribute("cfg_scale", of: group)))
      let last = try file.attribute("cfg_interval", of: group).map { Int($0) } ?? -1
      // Position 0 is the prefill; of the positions after it, those beyond the interval have no guidance.
      let scales = (0..<count).map { position in last >= 0 && position - 1 > last ? 1 : max(1, scale) }
      var random = Random(seed: 1, samples: llama.samples)
      let labels = try file.ints("inputs/generate/labels")
      let guidance = Guidance(scale: Schedule(.list, from: 1, to: 1, list: scales, over: .step))
      let latent = llama.model.generate(labels, guidance, cached: isCached, &random, watch: { _ in })
      let theirs = llama.latent(try llama.lists("\(group)/tokens"))
      #expect(latent.distance(to: theirs) == 0, "\(run)")
      let logits = Tensor.concatenated(llama.loss.notes.logits, axis: 1)
      #expect(try file.disagreement(logits, "\(group)/logits") == nil)
    }
  }

  @Test("the width of its MLPs follows from the rule of the released code")
  func hidden() throws {
    let file = try Fixture("gpt")
    let width = try file.sizes("dim")[0], multiple = try file.sizes("multiple_of")[0]
    let theirs = try file.sizes("ffn_hidden")[0]
    #expect(MLPActivation.swiglu.hiddenWidth(width, ratio: 4, multipleOf: multiple) == theirs)
  }
}
