import Autoregression
import Networks
import Settings
import Tensors
import Testing

@Suite struct BackboneSettingsTests {
  /// The first line of the error of settings that cannot work; nil where they can.
  private func refusal(
    _ text: String, _ layout: Layout = layout, space: TokenSpace = TokenSpace(width: 4), feedsCodes: Bool = true,
    showsEqually: Bool = true
  ) -> String? {
    do {
      _ = try TestBackbone(text, layout, space: space, feedsCodes: feedsCodes, showsEqually: showsEqually)
      return nil
    } catch { return "\(error)".split(separator: "\n").first.map(String.init) }
  }

  @Test("heads must divide the width", arguments: ["encoder-decoder", "decoder"])
  func heads(_ key: String) throws {
    let message = try #require(refusal("{ use: \(key), width: 6, heads: 4 }"))
    #expect(message.hasSuffix("6 channels do not divide into 4 heads; let 'heads' divide 'width'."))
  }

  @Test("position embeddings need a width that 4 divides", arguments: ["encoder-decoder", "decoder"])
  func positions(_ key: String) throws {
    let rotary = try #require(refusal("{ use: \(key), width: 12, heads: 2, positions: rotary }"))
    #expect(
      rotary.hasSuffix(
        "'positions: rotary' needs heads whose width 4 divides, not 6; change 'heads' or 'width'."))
    let fixed = try #require(refusal("{ use: \(key), width: 6, heads: 2, positions: sin-cos }"))
    #expect(fixed.hasSuffix("'positions: sin-cos' needs a width that 4 divides, not 6."))
    #expect(refusal("{ use: \(key), width: 6, heads: 2, depth: 2, positions: learned }") == nil)
  }

  @Test("adaptive norms need a vector", arguments: ["encoder-decoder", "decoder"], ["shared", "per-block"])
  func adaptive(_ key: String, _ kind: String) throws {
    let message = try #require(refusal("{ use: \(key), adaptive-norm: \(kind) }"))
    #expect(
      message.hasSuffix(
        "'adaptive-norm: \(kind)' needs a vector, which this conditioner does not give; choose another "
          + "conditioner, or 'adaptive-norm: none'."
      ))
  }

  @Test("a lookup of tokens needs codes that are fed as they are", arguments: ["encoder-decoder", "decoder"])
  func lookup(_ key: String) throws {
    let text = "{ use: \(key), width: 8, heads: 2, depth: 2, token-embedding: lookup }"
    let codes = TokenSpace(width: 4, vocabulary: 8)
    #expect(
      try #require(refusal(text)).hasSuffix(
        "'token-embedding: lookup' needs a tokenizer with a vocabulary; the one chosen has continuous "
          + "tokens. Use 'token-embedding: linear'."
      ))
    #expect(
      try #require(refusal(text, space: codes, feedsCodes: false)).hasSuffix(
        "'token-embedding: lookup' needs tokens as they are, and this direction feeds sums or averages "
          + "of them. Use 'token-embedding: linear'."
      ))
    #expect(refusal(text, space: codes) == nil)
  }

  @Test("an encoder and decoder need an even depth and a direction that attends from all to all")
  func encoderDecoder() throws {
    let text = "{ use: encoder-decoder, width: 8, heads: 2, depth: 3 }"
    #expect(
      try #require(refusal(text)).hasSuffix(
        "3 blocks do not divide into halves; let 'depth' be even, or set 'encoder.depth' and 'decoder.depth'."))
    let even = "{ use: encoder-decoder, width: 8, heads: 2, depth: 2 }"
    #expect(
      try #require(refusal(even, .nextToken(grid))).hasPrefix(
        "test:1:3: backbone 'encoder-decoder' attends in both directions and cannot predict next tokens; "
          + "use backbone 'decoder'."
      ))
    #expect(
      try #require(refusal(even, .scales([1, 2]))).hasPrefix(
        "test:1:3: backbone 'encoder-decoder' attends in both directions, and here later positions hold "
          + "the answers of earlier ones; use backbone 'decoder'."
      ))
    #expect(
      try #require(refusal(even, showsEqually: false)).hasPrefix(
        "test:1:3: the encoder of backbone 'encoder-decoder' takes equally many tokens of every sample, and this "
          + "direction shows a number of its own of each; use backbone 'decoder'."
      ))
    #expect(refusal("{ use: decoder, width: 8, heads: 2, depth: 2 }", showsEqually: false) == nil)
  }

  @Test(
    "settings that change nothing are not read",
    arguments: [
      ("decoder", "mlp-multiple-of: 64"), ("decoder", "gate-init-scale: 0.1"), ("decoder", "rotary-base: 100"),
      ("decoder", "unpositioned: zero"), ("decoder", "target-positions: false"),
      ("encoder-decoder", "mask-token: false"), ("encoder-decoder", "class-token: true"),
      ("decoder", "modulation-init-scale: 0"), ("decoder", "adaptive-norm-affine: true"),
      ("decoder", "adaptive-norm-positions: true"), ("decoder", "tied-output: true"),
    ])
  func unread(_ key: String, _ setting: String) throws {
    #expect(refusal("{ use: \(key), width: 8, heads: 2, depth: 2, \(setting) }") != nil)
    #expect(refusal("{ use: \(key), width: 8, heads: 2, depth: 2 }") == nil)
  }

  @Test("the hidden width follows from the ratio, or is set", arguments: ["encoder-decoder", "decoder"])
  func mlpWidth(_ key: String) throws {
    func width(_ form: String) throws -> String? {
      try TestBackbone("{ use: \(key), width: 48, heads: 2, depth: 2, \(form) }").values["mlp-width"]
    }
    #expect(try width("mlp-ratio: 2") == "96")
    #expect(try width("mlp-ratio: 2, mlp-width: 50") == "50")
    // Two thirds of 192, in multiples of 60.
    #expect(try width("activation: swiglu, mlp-multiple-of: 60") == "180")
    #expect(try width("activation: swiglu") == "256")
  }

  @Test("norms have the epsilon of their kind by default")
  func epsilon() throws {
    #expect(try TestBackbone("{ use: decoder, width: 8, heads: 2, depth: 1 }").values["epsilon"] == "1e-06")
    #expect(try TestBackbone("{ use: decoder, width: 8, heads: 2, depth: 1, norm: rms }").values["epsilon"] == "1e-05")
  }

  @Test(
    "a former key is refused with the present one",
    arguments: [
      ("ratio: 4", "mlp-ratio"), ("perceptron: gelu", "activation"), ("hidden: 8", "mlp-width"),
      ("hidden-multiple: 8", "mlp-multiple-of"), ("hidden-dropout: 0", "mlp-dropout"),
      ("adaptive: none", "adaptive-norm"), ("gate: 1", "gate-init-scale"), ("initial-deviation: 0", "init-std"),
      ("shrink-residual: true", "scale-residual-init"),
      ("vector: blanks", "add-condition-to"), ("embed: codes", "token-embedding"), ("unplaced: zero", "unpositioned"),
      ("blank: true", "mask-token"), ("targets: true", "target-positions"),
    ])
  func renamed(_ former: String, _ present: String) throws {
    let key = try #require(former.split(separator: ":").first)
    let message = try #require(refusal("{ use: decoder, width: 8, heads: 2, depth: 2, \(former) }"))
    #expect(message.contains("'\(key)'") && message.contains("'\(present)'"), "\(message)")
  }

  @Test(
    "weight decay of embeddings is refused with the setting that says it now", arguments: ["embeddings", "positions"])
  func undecayed(_ name: String) throws {
    let message = try #require(refusal("{ use: decoder, width: 8, heads: 2, depth: 2, decay-\(name): false }"))
    #expect(
      message.hasSuffix(
        "'decay-\(name)' is no longer a setting of the backbone; name 'positions' and 'mask-tokens' in "
          + "'training.undecayed'."))
  }
}
