import Autoregression
import Tensors

extension CheckpointMapping {
  /// Names of latent diffusion's autoencoders (Rombach et al. 2022) and of those derived from them.
  ///
  /// `quantizer` are pairs for the layers between encoder and decoder, tried first; `countsUpwards` where the decoder's
  /// levels are numbered from the lowest resolution (LlamaGen). A joint projection to queries, keys and values (VAR) is
  /// split in three. Losses and buffers are left out.
  static func autoencoder(_ name: String, quantizer: [(theirs: String, ours: String)], countsUpwards: Bool = false)
    -> CheckpointMapping
  {
    let pairs = (quantizer + parts).map { [$0.theirs, $0.ours] }
    return CheckpointMapping(name) { weights in
      let levels = countsUpwards ? 1 + (weights.keys.compactMap(decoderLevel).max() ?? 0) : 0
      var found: [String: MappedTensor] = [:]
      for (source, value) in weights where isPart(source) {
        var theirs = source
        if countsUpwards, let level = decoderLevel(source) {
          theirs = source.replacing("\(decoderBlocks)\(level).", with: "\(decoderBlocks)\(levels - 1 - level).")
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

  private static let decoderBlocks = "decoder.conv_blocks."

  /// The level in a name: 2 of "decoder.conv_blocks.2.res.0.norm1.weight".
  private static func decoderLevel(_ name: String) -> Int? {
    guard name.hasPrefix(decoderBlocks) else { return nil }
    return name.dropFirst(decoderBlocks.count).split(separator: ".").first.flatMap { Int($0) }
  }

  /// The name is that of a parameter of the autoencoder.
  private static func isPart(_ name: String) -> Bool {
    ["encoder.", "decoder.", "quant_conv.", "post_quant_conv.", "quantize."].contains { name.hasPrefix($0) }
      && (name.hasSuffix(".weight") || name.hasSuffix(".bias"))
  }

  /// Names in checkpoints and in the source, replaced in this order.
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
