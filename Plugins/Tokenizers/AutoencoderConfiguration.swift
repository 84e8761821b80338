import Autoregression
import Settings

/// Sizes of a convolutional encoder and of its mirror (latent diffusion; Rombach et al. 2022, arXiv 2112.10752).
struct AutoencoderConfiguration: Sendable {
  /// Channels of the first level.
  var width: Int
  /// Channels of each level, as multiples of the width; the image is halved between levels.
  var multipliers: [Int]
  /// Residual blocks of each level of the encoder; the decoder has one more.
  var blocks: Int
  /// Levels of the encoder whose blocks are followed by attention, 0 the level of full resolution.
  var attentionLevels: [Int]
  /// Levels of the decoder whose blocks are followed by attention.
  var decoderAttentionLevels: [Int]
  /// The middle is block, attention, block; else one block.
  var middleAttention: Bool
  /// Groups of the group norms.
  var groups: Int

  /// Channels of a level.
  func channels(_ level: Int) -> Int { width * multipliers[level] }

  /// The cells of the latent of tokenizer `key`.
  static func grid(_ settings: inout Settings, images: ImageShape, of key: String) throws(SettingsError) -> Grid {
    let stride: Int = try settings[
      "stride", default: 8, in: 2...16, about: "downsampling factor of the encoder: 2, 4, 8 or 16 (LDM: f)"]
    guard [2, 4, 8, 16].contains(stride) else {
      throw settings.refusal(
        "tokenizer '\(key)' halves the image; 'stride' must be 2, 4, 8 or 16, not \(stride).", at: "stride")
    }
    guard images.height % stride == 0, images.width % stride == 0 else {
      throw settings.refusal(
        "images of \(images.height)x\(images.width) do not divide into tokens of \(stride)x\(stride); use "
          + "another 'stride' or size of images.",
        at: "stride")
    }
    return Grid(height: images.height / stride, width: images.width / stride)
  }

  init(_ settings: inout Settings, images: ImageShape, of key: String) throws(SettingsError) {
    let stride = try images.height / Self.grid(&settings, images: images, of: key).height
    let levels = stride.trailingZeroBitCount + 1
    width = try settings["width", default: 32, in: 1...1024, about: "channels of the first convolution (LDM: ch)"]
    try settings.renamed("multipliers", to: "channel-multipliers")
    multipliers = try settings[
      "channel-multipliers", default: (0..<levels).map { 1 << min(2, $0) },
      about: "channels of each level, as multiples of the width (LDM: ch_mult)"]
    guard multipliers.count == levels, multipliers.allSatisfy({ $0 > 0 }) else {
      throw settings.refusal(
        "a stride of \(stride) has \(levels) levels; 'channel-multipliers' must name \(levels) positive numbers.",
        at: "channel-multipliers")
    }
    // Four times those of any published autoencoder; with the largest width 65,536 channels.
    guard multipliers.allSatisfy({ $0 <= 64 }) else {
      throw settings.refusal("'channel-multipliers' must be at most 64.", at: "channel-multipliers")
    }
    blocks = try settings[
      "blocks", default: 1, in: 0...8,
      about: "residual blocks of each level; the decoder has one more (LDM: num_res_blocks)"]
    try settings.renamed("attention", to: "attention-levels")
    attentionLevels = try settings[
      "attention-levels", default: [],
      about: "levels of the encoder with attention, 0 the level of full resolution (LDM: attn_resolutions)"]
    try settings.renamed("decoder-attention", to: "decoder-attention-levels")
    decoderAttentionLevels = try settings[
      "decoder-attention-levels", default: [],
      about: "levels of the decoder with attention, 0 the level of full resolution"]
    for (name, named) in [
      ("attention-levels", attentionLevels), ("decoder-attention-levels", decoderAttentionLevels),
    ] {
      for level in named where !(0..<levels).contains(level) {
        throw settings.refusal(
          "there is no level \(level) to attend at; with a stride of \(stride) '\(name)' takes levels from 0 to "
            + "\(levels - 1).",
          at: name)
      }
    }
    middleAttention = try settings[
      "middle-attention", default: false, about: "attention between the two middle blocks (LDM: mid.attn_1)"]
    try settings.renamed("groups", to: "norm-groups")
    groups = try settings[
      "norm-groups", default: width % 8 == 0 ? 8 : 1, in: 1...1024, about: "groups of the group norms"]
    guard width % groups == 0 else {
      throw settings.refusal(
        "\(width) channels do not divide into \(groups) groups; let 'norm-groups' divide 'width'.", at: "norm-groups")
    }
  }
}
