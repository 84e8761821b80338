import Tensors

/// Multi-head self-attention with one projection for queries, keys and values (Vaswani et al. 2017, arXiv 1706.03762).
public struct Attention: Module {
  /// [3 width, width]: queries, keys, values, each head after head.
  public let qkv: Linear
  public let output: Linear
  public let heads: Int

  public init(_ width: Int, heads: Int, _ random: inout Random) {
    qkv = Linear(from: width, to: 3 * width, &random)
    output = Linear(from: width, to: width, &random)
    self.heads = heads
  }

  /// x [batch, places, width]; place i sees the first visible[i] places, or all.
  ///
  /// With a cache x holds only the places after the settled ones, which the cache adds in front;
  /// `visible` then counts cached places, too, and the cache keeps the first `keeping` of all.
  public func callAsFunction(
    _ x: Tensor, visible: [Int]?, cache: AttentionCache? = nil, layer: Int = 0, keeping: Int = 0
  ) -> Tensor {
    let mixed = qkv(x)
    guard let cache else { return output(mixed.selfAttention(heads: heads, visible: visible)) }
    let width = x.shape[2]
    var keys = mixed.sliced(width..<2 * width, axis: 2), values = mixed.sliced(2 * width..<3 * width, axis: 2)
    if cache.layers.count > layer {
      keys = Tensor.concatenated([cache.layers[layer].keys, keys], axis: 1)
      values = Tensor.concatenated([cache.layers[layer].values, values], axis: 1)
    }
    let kept = (keys: keys.sliced(0..<keeping, axis: 1), values: values.sliced(0..<keeping, axis: 1))
    if cache.layers.count > layer { cache.layers[layer] = kept } else { cache.layers.append(kept) }
    return output(mixed.sliced(0..<width, axis: 2).attention(keys, values, heads: heads, visible: visible))
  }
}
