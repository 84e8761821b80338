import Autoregression
import Networks
import Tensors
import Testing

@Suite struct BackboneInitializationTests {
  private let size = "width: 64, heads: 4, depth: 2"

  /// The standard deviation of the values of a parameter about zero, of the rows of a range.
  private func deviation(_ model: TestBackbone, _ path: String, rows: Range<Int>? = nil) throws -> Float {
    let value = try #require(model[path]).value, part = rows.map { value.sliced($0, axis: 0) } ?? value
    return (part.squared.sum.scalar / Float(part.count)).squareRoot()
  }

  private func isNear(_ value: Float, _ target: Float) -> Bool { abs(value / target - 1) < 0.1 }

  @Test(
    "without a standard deviation linear layers start as Glorot's, embeddings with 0.02",
    arguments: ["encoder-decoder", "decoder"])
  func glorot(_ key: String) throws {
    let model = try TestBackbone("{ use: \(key), \(size) }"), block = key == "decoder" ? "blocks" : "decoderBlocks"
    // A uniform distribution within +- a has the standard deviation a / sqrt(3).
    #expect(isNear(try deviation(model, "\(block).0.expand.weight"), (6 / Float(64 + 256) / 3).squareRoot()))
    #expect(isNear(try deviation(model, "\(block).0.contract.weight"), (6 / Float(64 + 256) / 3).squareRoot()))
    let largest = try #require(model["\(block).0.expand.weight"]).value.scalars.map(abs).max() ?? 0
    #expect(largest <= (6 / Float(64 + 256)).squareRoot())
    #expect(isNear(try deviation(model, key == "decoder" ? "positions.weight" : "encoderPositions"), 0.02))
    #expect(abs(try deviation(model, "blank") / 0.02 - 1) < 0.5)
  }

  @Test("a standard deviation holds for layers and embeddings, and the last layers of branches can start smaller")
  func normal() throws {
    let model = try TestBackbone("{ use: decoder, \(size), init-std: 0.1, scale-residual-init: true }")
    #expect(isNear(try deviation(model, "blocks.0.expand.weight"), 0.1))
    #expect(isNear(try deviation(model, "blocks.0.attention.qkv.weight"), 0.1))
    #expect(isNear(try deviation(model, "positions.weight"), 0.1))
    // sqrt(2 depth) = 2.
    #expect(isNear(try deviation(model, "blocks.0.contract.weight"), 0.05))
    #expect(isNear(try deviation(model, "blocks.1.attention.output.weight"), 0.05))
  }

  @Test(
    "gates of adaptive norms start smaller by a factor, scales and shifts by half", arguments: ["per-block", "shared"])
  func gates(_ kind: String) throws {
    let model = try TestBackbone(
      "{ use: decoder, \(size), init-std: 0.1, adaptive-norm: \(kind), gate-init-scale: 0.01 }", hasVector: true)
    // Offsets of a shared layer start as if the condition were of unit length: 1 / sqrt(width).
    let start: Float = kind == "shared" ? 0.125 : 0.1
    let path = kind == "shared" ? "blocks.0.modulation" : "blocks.0.modulation.weight"
    let rows = kind == "shared" ? 1 : 64
    #expect(abs(try deviation(model, path, rows: 0..<2 * rows) / (0.01 * start) - 1) < 0.25)
    #expect(abs(try deviation(model, path, rows: 2 * rows..<6 * rows) / (0.5 * start) - 1) < 0.25)
    #expect(isNear(try deviation(model, "adaptiveNorm.modulation.weight"), 0.5 * start))
  }

  @Test("parameters have the roles by which weight decay is chosen")
  func roles() throws {
    let model = try TestBackbone("{ use: decoder, \(size) }")
    for (path, parameter) in model.backbone.parameters {
      let role: Parameter.Role =
        path == "blank"
        ? .maskToken
        : ["positions.weight", "levels.weight", "prefixPositions"].contains(path)
          ? .position : path.hasSuffix("bias") ? .bias : path.contains("norm") ? .gain : .weight
      #expect(parameter.role == role, "\(path)")
    }
  }

  @Test("the same seed makes the same backbone", arguments: ["encoder-decoder", "decoder"])
  func seeds(_ key: String) throws {
    let first = try TestBackbone("{ use: \(key), \(size) }"), second = try TestBackbone("{ use: \(key), \(size) }")
    for (a, b) in zip(first.backbone.parameters, second.backbone.parameters) {
      #expect(a.path == b.path && a.parameter.value.scalars == b.parameter.value.scalars)
    }
  }
}
