import Autoregression
import Networks
import Settings

/// The settings of norms that the conditioning vector modulates (adaLN; Peebles and Xie 2022, DiT, arXiv 2212.09748).
struct AdaptiveNormSettings {
  /// The source of the modulation.
  let source: AdaptiveNorms
  /// True where the norms of blocks have weights and biases of their own, too.
  let isAffine: Bool

  /// Reads the settings of modulated norms; throws where they need a vector that the conditioner does not give.
  init(_ settings: inout Settings, _ defaults: BackboneDefaults, for shape: BackboneShape) throws(SettingsError) {
    source = try settings[
      "adaptive-norm", default: defaults.adaptiveNorm,
      about:
        "adaLN (DiT, arXiv 2212.09748): the class vector gives scales and shifts of norms and gates of "
        + "branches, by a linear layer per block or one shared (VAR, arXiv 2404.02905)"
    ]
    guard source == .none || shape.hasVector else {
      throw settings.refusal(
        "'adaptive-norm: \(source.yaml)' needs a vector, which this conditioner does not give; "
          + "choose another conditioner, or 'adaptive-norm: none'.",
        at: "adaptive-norm")
    }
    isAffine =
      source == .none
      ? false
      : try settings[
        "adaptive-norm-affine", default: defaults.adaptiveNormIsAffine,
        about:
          "whether modulated norms of blocks have a learned weight and bias, too; VAR (arXiv 2404.02905): false, RAR "
          + "(arXiv 2411.00776): true"
      ]
  }
}
