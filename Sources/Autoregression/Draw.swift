import Tensors

/// A loss's sample of the predicted tokens, before the quantizer maps it to tokens.
public struct Draw: Sendable {
  /// Codes of a finite vocabulary, or vectors.
  public enum Content: Sendable {
    /// [batch][predicted]
    case codes(Indices)
    /// [batch, predicted, width]
    case values(Tensor)
  }
  /// The sample.
  public var content: Content
  /// Log-probability of each sampled token, [batch, predicted]; nil when the loss has none.
  public var confidence: Tensor?
  /// The fraction of numbers that were drawn without the guidance that was asked for, because it has no density there.
  public var unguided: Float = 0

  /// A sample, with log-probabilities where the loss has them.
  public init(_ content: Content, confidence: Tensor? = nil) {
    self.content = content
    self.confidence = confidence
  }
}
