import Networks
import Settings

/// The settings of initial weights.
struct InitializationSettings {
  /// The standard deviation of all weights; 0: Glorot's for linear layers.
  private let deviation: Float
  /// True where the layers before a residual sum start smaller by sqrt(2 depth).
  private let scalesResidual: Bool
  /// The factor of the initial weights of gates.
  private let gateScale: Float
  /// The factor of the initial weights of scales and shifts.
  private let modulationScale: Float
  private let adaptiveNorm: AdaptiveNorms
  /// Channels of the blocks.
  var width: Int
  /// The number of all blocks.
  var depth: Int

  /// Reads the settings of initial weights for a stack of `depth` blocks of `width` channels.
  init(
    _ settings: inout Settings, _ defaults: BackboneDefaults, width: Int, depth: Int, adaptiveNorm: AdaptiveNorms
  ) throws(SettingsError) {
    (self.width, self.depth, self.adaptiveNorm) = (width, depth, adaptiveNorm)
    deviation = try settings[
      "init-std", default: defaults.initialDeviation, in: 0...1,
      about:
        "the standard deviation of initial weights; 0: Glorot's uniform initialization of linear layers "
        + "and 0.02 for embeddings (MAR, arXiv 2406.11838); LlamaGen (arXiv 2406.06525): 0.02"
    ]
    scalesResidual = try settings[
      "scale-residual-init", default: defaults.scalesResidualInit,
      about:
        "whether the last layers of attention and MLP start smaller by sqrt(2 depth) (VAR, arXiv 2404.02905)"]
    guard adaptiveNorm != .none else {
      (gateScale, modulationScale) = (0, 0)
      return
    }
    gateScale = try settings[
      "gate-init-scale", default: defaults.gateInitScale, in: 0...1,
      about:
        "a factor of the initial weights of adaLN's gates; VAR (arXiv 2404.02905): 1e-3 to 1e-5, RAR (arXiv "
        + "2411.00776): 0"
    ]
    modulationScale = try settings[
      "modulation-init-scale", default: defaults.modulationInitScale, in: 0...1,
      about:
        "a factor of the initial weights of adaLN's scales and shifts; VAR (arXiv 2404.02905): 0.5, RAR (arXiv "
        + "2411.00776): 0"
    ]
  }

  /// The standard deviation of inputs' weights: `deviation`, or that of a layer that keeps the variance.
  private var start: Float { deviation == 0 ? (1 / Float(width)).squareRoot() : deviation }

  /// The standard deviation of weights of adaptive norms before their factor; 0 without them.
  private var modulationStart: Float {
    switch adaptiveNorm {
    case .none: 0
    case .shared: (1 / Float(width)).squareRoot()
    default: start
    }
  }

  /// Of linear layers.
  var weight: Initialization { deviation == 0 ? .glorot : .normal(standardDeviation: deviation) }
  /// Of the layers whose output is added to the residual stream.
  var residual: Initialization {
    scalesResidual ? .normal(standardDeviation: start / Float(2 * depth).squareRoot()) : weight
  }
  /// Of token, position and level embeddings and mask tokens.
  var embedding: Initialization { .normal(standardDeviation: deviation == 0 ? 0.02 : deviation) }
  /// The standard deviation of weights that make gates of adaptive norms; 0 without them.
  var gateDeviation: Float { gateScale * modulationStart }
  /// The standard deviation of weights that make scales and shifts of adaptive norms; 0 without them.
  var modulationDeviation: Float { modulationScale * modulationStart }
}
