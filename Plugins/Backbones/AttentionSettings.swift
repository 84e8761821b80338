import Networks
import Settings

/// The settings of attention: heads, normalization of queries and keys, biases and dropout.
struct AttentionSettings {
  let design: Attention.Design

  /// Reads the settings of attention over `width` channels; throws where the heads do not divide them.
  init(_ settings: inout Settings, _ defaults: BackboneDefaults, width: Int) throws(SettingsError) {
    let heads: Int = try settings["heads", default: defaults.heads, in: 1...256, about: "attention heads"]
    guard width % heads == 0 else {
      throw settings.refusal(
        "\(width) channels do not divide into \(heads) heads; let 'heads' divide 'width'.", at: "heads")
    }
    var design = Attention.Design(heads: heads)
    design.norm = try settings[
      "qk-norm", default: defaults.queryNorm,
      about:
        "the normalization of queries and keys; VAR (arXiv 2404.02905): l2, unit length times a learned "
        + "factor per head; RAR (arXiv 2411.00776): layer"
    ]
    design.scale = try settings[
      "attention-scale", default: 1, in: 0.001...1000,
      about: "a factor of the logits beside 1/sqrt(head width); VAR without qk-norm (arXiv 2404.02905): 0.25"]
    design.bias = try settings[
      "bias", default: defaults.bias,
      about:
        "biases of the linear layers of a block; LlamaGen (arXiv 2406.06525): none; VAR (arXiv "
        + "2404.02905): queries-values, all but those of keys"
    ]
    design.outputBias = design.bias != .none
    design.dropout = try settings[
      "attention-dropout", default: defaults.attentionDropout, in: 0...0.9,
      about: "the dropout rate of attention probabilities; above 0 training is slower; MAR (arXiv 2406.11838): 0.1"]
    self.design = design
  }
}

extension Attention.QueryNorm: Setting {}
extension Attention.Bias: Setting {}
