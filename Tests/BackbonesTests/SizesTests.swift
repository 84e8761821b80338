import Autoregression
import Networks
import Settings
import Tensors
import Testing

@Suite struct SizesTests {
  private let plain = "{ use: encoder-decoder, width: 16, heads: 4, depth: 4, positions: rotary }"
  private let turn = Turn(shown: .perSample([[0, 2], [1, 5]]), predicted: .perSample([[1, 3, 4], [0, 2, 3]]))

  private func refusal(_ text: String) -> String? {
    do {
      _ = try TestBackbone(text, hasVector: true)
      return nil
    } catch { return "\(error)".split(separator: "\n").first.map(String.init) }
  }

  @Test("sections of equal sizes are the plain keys, parameter by parameter")
  func equal() throws {
    let halves = "encoder: { width: 16, depth: 2, heads: 4 }, decoder: { width: 16, depth: 2, heads: 4, mlp-ratio: 4 }"
    let a = try TestBackbone(plain).backbone.parameters
    let b = try TestBackbone(plain.dropLast() + ", \(halves) }").backbone.parameters
    #expect(a.map(\.path) == b.map(\.path))
    for (a, b) in zip(a, b) { #expect(a.parameter.value.distance(to: b.parameter.value) == 0, "\(a.path)") }
  }

  @Test("encoder and decoder have the sizes of their sections; the output has the decoder's width")
  func different() throws {
    for form in ["learned", "sin-cos", "rotary"] {
      for more in ["level-embedding: true", "adaptive-norm: per-block"] {
        let model = try TestBackbone(
          """
          { use: encoder-decoder, width: 16, positions: \(form), \(more),
            encoder: { depth: 1, heads: 2, mlp-ratio: 2 }, decoder: { width: 24, depth: 3, heads: 3 } }
          """, hasVector: true)
        #expect(model["encoderBlocks.0.attention.qkv.weight"]?.value.shape == [48, 16])
        #expect(model["encoderBlocks.0.expand.weight"]?.value.shape == [32, 16])
        #expect(model["encoderBlocks.1.expand.weight"] == nil)
        #expect(model["bridge.weight"]?.value.shape == [24, 16])
        #expect(model["decoderBlocks.2.expand.weight"]?.value.shape == [96, 24])
        #expect(model["decoderBlocks.3.expand.weight"] == nil)
        let output = model(View(tokens(6), layout, turn), condition(width: 16, hasVector: true))
        #expect(output.shape == [2, 3, 24] && output.isFinite)
      }
    }
  }

  @Test("the conditioning vector reaches a decoder of another width")
  func vector() throws {
    let model = try TestBackbone(
      "{ use: encoder-decoder, width: 16, heads: 4, depth: 2, decoder: { width: 24 } }", prefix: 0, hasVector: true)
    let given = condition(width: 16, prefix: 0, hasVector: true)
    let projection = try #require(model["decoderCondition.weight"])
    let nothing = Turn(shown: .perSample([[], []]))
    let before = model(View(tokens(6), layout, nothing), given)
    projection.replace(projection.value * 3)
    #expect(model(View(tokens(6), layout, nothing), given).distance(to: before) > 1e-4)
  }

  @Test("the width of conditions is the encoder's")
  func conditionWidth() throws {
    for (text, width) in [
      ("{ use: encoder-decoder, width: 16 }", 16),
      ("{ use: encoder-decoder, width: 16, encoder: { width: 8 } }", 8),
      ("{ use: encoder-decoder, preset: mar-b, decoder: { width: 8 } }", 768),
    ] {
      var settings = try Settings(parsing: text, file: "test")
      let type = try Registry.linked().find("backbone", &settings, as: (any Backbone.Type).self)
      #expect(try type.conditionWidth(&settings) == width)
    }
  }

  @Test("sizes that do not fit are refused where they stand")
  func refused() {
    let cases = [
      ("decoder: { width: 18 }", "18 channels do not divide into 4 heads; let 'heads' divide 'width'."),
      (
        "positions: rotary, encoder: { width: 24 }",
        "'positions: rotary' needs heads whose width 4 divides, not 6; change 'heads' or 'width'."
      ),
      (
        "adaptive-norm: shared, decoder: { width: 32 }",
        "'adaptive-norm: shared' needs encoder and decoder of one width, not 16 and 32; use 'adaptive-norm: per-block'."
      ),
    ]
    for (more, sentence) in cases {
      let message = refusal("{ use: encoder-decoder, width: 16, heads: 4, depth: 2, \(more) }")
      #expect(message?.hasSuffix(sentence) == true, "\(message ?? "accepted")")
    }
    #expect(refusal("{ use: encoder-decoder, width: 16, heads: 4, depth: 3, decoder: { depth: 2 } }") == nil)
  }
}
