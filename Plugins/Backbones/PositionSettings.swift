import Networks
import Settings

/// The embedding of the positions of tokens.
enum Positions: String, Setting, CaseIterable {
  /// A learned vector per position.
  case learned
  /// Fixed vectors of sines and cosines (MAE).
  case sineCosine = "sin-cos"
  /// Queries and keys rotated by row and column (LlamaGen).
  case rotary
}

/// The queries and keys of tokens without a position, such as a class, with rotary embeddings.
enum Unpositioned: String, Setting, CaseIterable { case unrotated, zero }

/// The settings of position embeddings.
struct PositionSettings {
  let kind: Positions
  /// The base of rotary frequencies.
  let rotaryBase: Float
  let unpositioned: Unpositioned

  /// Reads the settings of positions.
  init(_ settings: inout Settings, _ defaults: BackboneDefaults) throws(SettingsError) {
    kind = try settings[
      "positions", default: defaults.positions,
      about:
        "the position embedding: learned; sin-cos (MAE, arXiv 2111.06377); rotary in two dimensions "
        + "(LlamaGen, arXiv 2406.06525)"
    ]
    var (base, unpositioned): (Float, Unpositioned) = (10_000, defaults.unpositioned)
    if kind == .rotary {
      base = try settings[
        "rotary-base", default: 10_000, in: 1...1e9,
        about: "the base of rotary frequencies (RoPE's theta; LlamaGen, arXiv 2406.06525: 10000)"]
      unpositioned = try settings[
        "unpositioned", default: unpositioned,
        about:
          "queries and keys of tokens without a position, such as the class: unrotated, or zero as in "
          + "LlamaGen (arXiv 2406.06525)"
      ]
    }
    (rotaryBase, self.unpositioned) = (base, unpositioned)
  }

  /// Throws where the width of blocks or heads is not a multiple of 4 but must be.
  func check(width: Int, headWidth: Int, _ settings: Settings) throws(SettingsError) {
    if kind == .sineCosine, width % 4 != 0 {
      throw settings.refusal("'positions: sin-cos' needs a width that 4 divides, not \(width).", at: "positions")
    }
    if kind == .rotary, headWidth % 4 != 0 {
      throw settings.refusal(
        "'positions: rotary' needs heads whose width 4 divides, not \(headWidth); change 'heads' or 'width'.",
        at: "positions")
    }
  }
}
