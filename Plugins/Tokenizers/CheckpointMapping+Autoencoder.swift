import Autoregression

extension CheckpointMapping {
  /// Names of latent diffusion's autoencoders (Rombach et al. 2022) and of those derived from them.
  ///
  /// `quantizer` are pairs for the layers between encoder and decoder, tried first; `countsUpwards` where the decoder's
  /// levels are numbered from the lowest resolution (LlamaGen). A joint projection to queries, keys and values (VAR) is
  /// split in three. Losses and buffers are left out.
  static func autoencoder(_ name: String, quantizer: [(theirs: String, ours: String)], countsUpwards: Bool = false)
    -> CheckpointMapping
  {
    let renaming = Renaming(quantizer + parts)
    return CheckpointMapping(name) { names in
      let levels = countsUpwards ? Set(names.compactMap(decoderLevel)).count : 0
      return names.filter(isPart).flatMap { source -> [(path: String, source: CheckpointSource)] in
        var theirs = source
        if countsUpwards, let level = decoderLevel(source) {
          theirs = source.replacing("\(decoderBlocks)\(level).", with: "\(decoderBlocks)\(levels - 1 - level).")
        }
        let path = renaming(theirs)
        guard path.contains(".qkv.") else { return [(path, CheckpointSource(source))] }
        return ["queries", "keys", "values"].enumerated().map { index, part in
          (path.replacing(".qkv.", with: ".\(part)."), CheckpointSource(source, .part(index, of: 3)))
        }
      }
    }
  }

  private static let decoderBlocks = "decoder.conv_blocks."

  /// The level in a name: 2 of "decoder.conv_blocks.2.res.0.norm1.weight"; nil beyond any that halving images gives.
  private static func decoderLevel(_ name: String) -> Int? {
    guard name.hasPrefix(decoderBlocks) else { return nil }
    let level = name.dropFirst(decoderBlocks.count).split(separator: ".").first.flatMap { Int($0) }
    return level.flatMap { (0..<64).contains($0) ? $0 : nil }
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
