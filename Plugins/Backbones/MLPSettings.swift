import Networks
import Settings

/// The settings of the MLPs: activation, hidden width and dropout.
struct MLPSettings {
  let activation: MLPActivation
  /// Channels of the hidden layer.
  let width: Int
  /// The width of the hidden layer as a multiple of that of the block, where nothing else says it.
  let ratio: Int
  /// Gated hidden layers are rounded up to a multiple of it.
  let multiple: Int
  /// The dropout rate of the hidden layer.
  let dropout: Float

  /// Reads the settings of MLPs in blocks of `blockWidth` channels.
  init(_ settings: inout Settings, _ defaults: BackboneDefaults, blockWidth: Int) throws(SettingsError) {
    activation = try settings[
      "activation", default: defaults.activation,
      about:
        "the activation between the two layers of the MLP; VAR (arXiv 2404.02905): gelu-tanh, LlamaGen "
        + "(arXiv 2406.06525): swiglu"
    ]
    ratio = try settings[
      "mlp-ratio", default: 4, in: 1...16, about: "the width of the MLP's hidden layer as a multiple of 'width'"]
    var multiple = 1
    if activation.hasGate {
      multiple = try settings[
        "mlp-multiple-of", default: 256, in: 1...4096,
        about: "the hidden width of a gated MLP is rounded up to a multiple of it (LlamaGen, arXiv 2406.06525)"]
    }
    self.multiple = multiple
    width = try settings[
      "mlp-width",
      default: (blockWidth == defaults.width ? defaults.mlpWidth : nil)
        ?? activation.hiddenWidth(blockWidth, ratio: ratio, multipleOf: multiple),
      in: 1...1_000_000,
      about: "the width of the MLP's hidden layer; by default from 'mlp-ratio', two thirds of it with swiglu"]
    dropout = try settings[
      "mlp-dropout", default: defaults.mlpDropout, in: 0...0.9,
      about: "the dropout rate of the MLP's hidden layer; MAR (arXiv 2406.11838): 0.1"]
  }
}

extension MLPActivation: Setting {}
