import Autoregression

/// One choice of direction, tokenizer and loss, as an experiment of seconds.
struct Combination: CustomStringConvertible, Sendable {
  var direction: String
  var tokenizer: String
  var loss: String

  var description: String { "\(direction) + \(tokenizer) + \(loss)" }

  /// Settings beside the key, for those whose defaults are not small.
  private static let directions = [
    "raster": "", "masked": "steps: 4", "multi-scale": "scales: [1, 2, 4]", "frequency": "levels: [0, 1, 2]",
    "parallel-raster": "regions: 2",
  ]
  private static let backbones = [
    "raster": "decoder", "masked": "encoder-decoder", "multi-scale": "decoder", "frequency": "encoder-decoder",
  ]
  private static let tokenizers = [
    "pixels": "patch-size: 4", "continuous": "stride: 4, width: 8, channels: 4, blocks: 0",
    "vq": "stride: 4, width: 8, blocks: 0, codes: 16, code-width: 4",
    "multi-scale-vq": "stride: 4, width: 8, blocks: 0, codes: 16, code-width: 4",
  ]
  private static let losses = [
    "cross-entropy": "", "diffusion": "width: 32, depth: 1, steps: 5", "flow-matching": "width: 32, depth: 1, steps: 5",
    "gaussian-mixture": "components: 2", "l2": "", "energy-score": "width: 32, depth: 1",
    "joint-flow-matching": "width: 32, depth: 1, heads: 2, steps: 5",
  ]

  /// All combinations of the linked components: a new component takes part without a change here.
  static let all: [Combination] = {
    let registry = Registry.linked()
    return registry.keys(of: "direction").flatMap { direction in
      registry.keys(of: "tokenizer").flatMap { tokenizer in
        registry.keys(of: "loss").map { Combination(direction: direction, tokenizer: tokenizer, loss: $0) }
      }
    }
  }()

  /// Tokens without a vocabulary have no codes that a loss could ask for.
  var isPossible: Bool { loss != "cross-entropy" || tokenizer.hasSuffix("vq") }

  static let possible = all.filter(\.isPossible)
  static let impossible = all.filter { !$0.isPossible }

  var experiment: String {
    func section(_ key: String, _ settings: String?) -> String {
      "{ use: \(key)\((settings ?? "").isEmpty ? "" : ", ")\(settings ?? "") }"
    }
    return """
      seed: 3
      dataset: { use: shapes, size: 16, count: 16 }
      tokenizer: \(section(tokenizer, Self.tokenizers[tokenizer]))
      direction: \(section(direction, Self.directions[direction]))
      conditioner: { use: class-prefix, count: 2, label-dropout: 0 }
      backbone: { use: \(Self.backbones[direction] ?? "decoder"), width: 32, depth: 2, heads: 2 }
      loss: \(section(loss, Self.losses[loss]))
      """
  }
}
