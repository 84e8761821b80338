import Autoregression
import Tensors

extension CheckpointMapping {
  /// Names of latent diffusion's autoencoders (Rombach et al. 2022) and of those that were made from them.
  ///
  /// `quantizer` are pairs for what lies between encoder and decoder, tried first; `runningDecoder` says that the
  /// decoder's levels are counted from the smallest (LlamaGen). One projection for queries, keys and values (VAR)
  /// becomes three. Losses and buffers are left out.
  static func autoencoder(_ name: String, quantizer: [(theirs: String, ours: String)], runningDecoder: Bool = false)
    -> CheckpointMapping
  {
    let pairs = (quantizer + parts).map { [$0.theirs, $0.ours] }
    return CheckpointMapping(name) { weights in
      let levels = runningDecoder ? 1 + (weights.keys.compactMap(runningLevel).max() ?? 0) : 0
      var found: [String: MappedTensor] = [:]
      for (source, value) in weights where isPart(source) {
        var theirs = source
        if runningDecoder, let level = runningLevel(source) {
          theirs = source.replacing("\(running)\(level).", with: "\(running)\(levels - 1 - level).")
        }
        let path = pairs.reduce(theirs) { $0.replacing($1[0], with: $1[1]) }
        let ours = value.shape.count == 4 ? value.permuted([0, 2, 3, 1]) : value
        guard path.contains(".qkv.") else {
          found[path] = MappedTensor(ours, from: [source])
          continue
        }
        let third = ours.shape[0] / 3
        for (index, part) in ["queries", "keys", "values"].enumerated() {
          found[path.replacing(".qkv.", with: ".\(part).")] = MappedTensor(
            ours.sliced(index * third..<(index + 1) * third, axis: 0), from: [source])
        }
      }
      return found
    }
  }

  private static let running = "decoder.conv_blocks."

  /// 2 of "decoder.conv_blocks.2.res.0.norm1.weight".
  private static func runningLevel(_ name: String) -> Int? {
    guard name.hasPrefix(running) else { return nil }
    return name.dropFirst(running.count).split(separator: ".").first.flatMap { Int($0) }
  }

  private static func isPart(_ name: String) -> Bool {
    ["encoder.", "decoder.", "quant_conv.", "post_quant_conv.", "quantize."].contains { name.hasPrefix($0) }
      && (name.hasSuffix(".weight") || name.hasSuffix(".bias"))
  }

  private static let parts: [(theirs: String, ours: String)] = [
    ("post_quant_conv", "fromLatent"), ("quant_conv", "toLatent"), ("conv_in", "input"), ("conv_out", "output"),
    ("norm_out", "norm"), ("mid.block_1", "middle.first"), ("mid.block_2", "middle.second"),
    ("mid.attn_1", "middle.attention"), ("mid.0.", "middle.first."), ("mid.1.", "middle.attention."),
    ("mid.2.", "middle.second."), (".conv_blocks.", ".stages."), (".down.", ".stages."), (".up.", ".stages."),
    (".res.", ".blocks."), (".block.", ".blocks."), (".attn.", ".attentions."), ("downsample.conv", "resize"),
    ("upsample.conv", "resize"), ("nin_shortcut", "shortcut"), ("conv1", "first"), ("conv2", "second"),
    (".q.", ".queries."), (".k.", ".keys."), (".v.", ".values."), ("proj_out", "output"),
  ]
}
