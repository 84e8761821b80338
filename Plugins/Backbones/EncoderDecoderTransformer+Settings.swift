import Autoregression
import Settings

extension EncoderDecoderTransformer {
  /// Reads the width of the encoder, which takes the condition.
  static func conditionWidth(_ settings: inout Settings) throws(SettingsError) -> Int {
    let width = try BackboneSettings.width(&settings, try defaults(&settings))
    var section = try encoderSection(&settings)
    return try BackboneSettings.stackWidth(&section, width)
  }

  /// Reads the section of the encoder's sizes.
  private static func encoderSection(_ settings: inout Settings) throws(SettingsError) -> Settings {
    try settings.section("encoder", about: "sizes of the encoder, where they differ from the plain keys")
  }

  /// Reads the sizes of encoder and decoder, by default those of `all` with half of the blocks each, the blocks of the
  /// encoder, and those of both. Throws where an odd number of blocks would be halved.
  static func stacks(
    _ all: BackboneSettings, _ settings: inout Settings
  ) throws(SettingsError) -> (encoder: BackboneSettings, decoder: BackboneSettings, encoderDepth: Int, depth: Int) {
    func depth(_ section: inout Settings) throws(SettingsError) -> Int {
      try section["depth", default: all.depth / 2, in: 1...256, about: "its number of blocks; by default half of all"]
    }
    var first = try encoderSection(&settings)
    var second = try settings.section("decoder", about: "sizes of the decoder, where they differ from the plain keys")
    let encoderDepth = try depth(&first), total = encoderDepth + (try depth(&second))
    guard all.depth % 2 == 0 || total >= all.depth else {
      throw settings.refusal(
        "\(all.depth) blocks do not divide into halves; let 'depth' be even, or set 'encoder.depth' and "
          + "'decoder.depth'.",
        at: "depth")
    }
    return (try all.resized(&first, of: total), try all.resized(&second, of: total), encoderDepth, total)
  }

  /// Throws where one adaptive layer would serve blocks of two widths, or where the direction needs causal attention or
  /// shows other numbers of tokens from sample to sample.
  static func check(
    _ encoder: BackboneSettings, _ decoder: BackboneSettings, for shape: BackboneShape, _ settings: Settings
  ) throws(SettingsError) {
    guard encoder.block.adaptiveNorm != .shared || encoder.width == decoder.width else {
      throw settings.refusal(
        "'adaptive-norm: shared' needs encoder and decoder of one width, not \(encoder.width) and \(decoder.width); "
          + "use 'adaptive-norm: per-block'.",
        at: "adaptive-norm")
    }
    guard shape.layout.shift == 0 else {
      throw settings.refusal(
        "backbone 'encoder-decoder' attends in both directions and cannot predict next tokens; use backbone 'decoder'.",
        at: "use")
    }
    guard shape.layout.groups.first == shape.layout.groups.last else {
      throw settings.refusal(
        "backbone 'encoder-decoder' attends in both directions, and here later positions hold the "
          + "answers of earlier ones; use backbone 'decoder'.",
        at: "use")
    }
    guard shape.showsEqually else {
      throw settings.refusal(
        "the encoder of backbone 'encoder-decoder' takes equally many tokens of every sample, and this direction shows "
          + "a number of its own of each; use backbone 'decoder'.",
        at: "use")
    }
  }
}
