import Tensors

/// Keys and values of settled places, layer by layer: what makes the next token cost one place, not all.
public final class AttentionCache {
  private var layers: [(keys: RowStorage, values: RowStorage)] = []

  public init() {}

  /// Whether nothing was put in yet.
  public var isEmpty: Bool { layers.isEmpty }

  /// Puts keys and values [batch, places, width] of one layer after the first `start` rows, in place of all later ones;
  /// gives all rows up to them.
  func extend(
    layer: Int, heads: Int, after start: Int, _ keys: Tensor, _ values: Tensor
  ) -> (keys: RowStorage, values: RowStorage) {
    if layers.count == layer {
      func storage() -> RowStorage {
        RowStorage(batch: keys.shape[0], heads: heads, width: keys.shape[2] / heads)
      }
      layers.append((storage(), storage()))
    }
    layers[layer].keys.write(keys, after: start)
    layers[layer].values.write(values, after: start)
    return layers[layer]
  }
}
