import Tensors

/// Keys and values of settled places, layer by layer: what makes the next token cost one place, not all.
public final class AttentionCache {
  private var layers: [(keys: RowStorage, values: RowStorage)] = []
  private let capacity: Int

  /// An empty cache; `capacity` is the expected number of rows, for which memory is allocated once (0: unknown).
  public init(capacity: Int = 0) { self.capacity = capacity }

  /// Whether nothing was put in yet.
  public var isEmpty: Bool { layers.isEmpty }

  /// Puts keys and values [batch, places, width] of one layer after the first `start` rows, in place of all later ones;
  /// gives all rows up to them.
  func extend(
    layer: Int, heads: Int, after start: Int, _ keys: Tensor, _ values: Tensor
  ) -> (keys: RowStorage, values: RowStorage) {
    let rows = storage(layer: layer, batch: keys.shape[0], heads: heads, width: keys.shape[2])
    rows.keys.write(keys, at: start)
    rows.values.write(values, at: start)
    return rows
  }

  /// The same of queries, keys and values that lie side by side: [batch, places, 3 width].
  func extend(layer: Int, heads: Int, after start: Int, _ mixed: Tensor) -> (keys: RowStorage, values: RowStorage) {
    let width = mixed.shape[2] / 3, rows = storage(layer: layer, batch: mixed.shape[0], heads: heads, width: width)
    rows.keys.write(mixed, channelOffset: width, at: start)
    rows.values.write(mixed, channelOffset: 2 * width, at: start)
    return rows
  }

  private func storage(layer: Int, batch: Int, heads: Int, width: Int) -> (keys: RowStorage, values: RowStorage) {
    if layers.count == layer {
      func rows() -> RowStorage { RowStorage(batch: batch, heads: heads, width: width / heads, capacity: capacity) }
      layers.append((rows(), rows()))
    }
    return layers[layer]
  }
}
