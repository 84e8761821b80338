import Tensors

/// Keys and values of earlier positions for all layers, so that a new token costs one position, not all.
public final class AttentionCache {
  private var layers: [Rows] = []
  private let capacity: Int

  /// Keys and values of one layer, [batch, heads, rows, head width] each.
  typealias Rows = (keys: RowStorage, values: RowStorage)

  /// An empty cache; `capacity` is the expected number of rows, for which memory is allocated once (0: unknown).
  public init(capacity: Int = 0) { self.capacity = capacity }

  /// True until the first rows are cached.
  public var isEmpty: Bool { layers.isEmpty }

  /// The part of one layer, of which the first `count` rows are valid; layers are first used in ascending order.
  public func layer(_ index: Int, count: Int) -> LayerCache { LayerCache(cache: self, layer: index, count: count) }

  /// Returns the storage of a layer, allocated at its first use.
  fileprivate func rows(layer: Int, batch: Int, heads: Int, width: Int) -> Rows {
    if layers.count == layer {
      func storage() -> RowStorage {
        RowStorage(batch: batch, heads: heads, width: width / heads, capacity: capacity)
      }
      layers.append((storage(), storage()))
    }
    return layers[layer]
  }
}

/// One layer of a cache, and how many of its rows are valid.
public struct LayerCache {
  fileprivate let cache: AttentionCache
  fileprivate let layer: Int
  fileprivate let count: Int

  /// Writes keys and values [batch, positions, width] after the valid rows, over all later ones; returns all rows.
  func extend(heads: Int, _ keys: Tensor, _ values: Tensor) -> AttentionCache.Rows {
    let rows = cache.rows(layer: layer, batch: keys.shape[0], heads: heads, width: keys.shape[2])
    rows.keys.write(keys, at: count)
    rows.values.write(values, at: count)
    return rows
  }

  /// Writes the keys and values of `qkv` [batch, positions, 3 width] after the valid rows; returns all rows.
  func extend(heads: Int, qkv: Tensor) -> AttentionCache.Rows {
    let width = qkv.shape[2] / 3, rows = cache.rows(layer: layer, batch: qkv.shape[0], heads: heads, width: width)
    rows.keys.write(qkv, channelOffset: width, at: count)
    rows.values.write(qkv, channelOffset: 2 * width, at: count)
    return rows
  }
}
