import Tensors

/// Keys and values of settled places, layer by layer: what makes the next token cost one place, not all.
public final class AttentionCache {
  /// [layer]: keys and values [batch, places, width] of the places that are settled.
  public var layers: [(keys: Tensor, values: Tensor)] = []
  public init() {}
}
