import Networks
import Settings

/// The settings of initial weights.
struct InitializationSettings {
  /// Of linear layers.
  let weight: Initialization
  /// Of the layers whose output is added to the residual stream.
  let residual: Initialization
  /// Of token, position and level embeddings and mask tokens.
  let embedding: Initialization
  /// The standard deviation of weights that make gates of adaptive norms; 0 without them.
  let gateDeviation: Float
  /// The standard deviation of weights that make scales and shifts of adaptive norms; 0 without them.
  let modulationDeviation: Float

  /// Reads the settings of initial weights for a stack of `depth` blocks of `width` channels.
  init(
    _ settings: inout Settings, _ defaults: BackboneDefaults, width: Int, depth: Int, adaptiveNorm: AdaptiveNorms
  ) throws(SettingsError) {
    let deviation: Float = try settings[
      "init-std", default: defaults.initialDeviation, in: 0...1,
      about:
        "the standard deviation of initial weights; 0: Glorot's uniform initialization of linear layers "
        + "and 0.02 for embeddings (MAR, arXiv 2406.11838); LlamaGen (arXiv 2406.06525): 0.02"
    ]
    weight = deviation == 0 ? .glorot : .normal(standardDeviation: deviation)
    embedding = .normal(standardDeviation: deviation == 0 ? 0.02 : deviation)
    let scalesResidual: Bool = try settings[
      "scale-residual-init", default: defaults.scalesResidualInit,
      about:
        "whether the last layers of attention and MLP start smaller by sqrt(2 depth) (VAR, arXiv 2404.02905)"]
    let start = deviation == 0 ? (1 / Float(width)).squareRoot() : deviation
    residual = scalesResidual ? .normal(standardDeviation: start / Float(2 * depth).squareRoot()) : weight
    guard adaptiveNorm != .none else {
      (gateDeviation, modulationDeviation) = (0, 0)
      return
    }
    let gateScale: Float = try settings[
      "gate-init-scale", default: defaults.gateInitScale, in: 0...1,
      about: "a factor of the initial weights of adaLN's gates; VAR (arXiv 2404.02905): 1e-3 to 1e-5"]
    let scale = adaptiveNorm == .shared ? (1 / Float(width)).squareRoot() : start
    (gateDeviation, modulationDeviation) = (gateScale * scale, 0.5 * scale)
  }
}
