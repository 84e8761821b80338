import Glibc
import Tensors

/// The paths by which attention is computed from a projection `qkv` [batch, positions, 3 width].
extension Attention {
  /// Returns attention of the new positions to all cached ones, whose keys and values the new ones join.
  func cached(_ qkv: Tensor, _ cache: LayerCache, _ visible: [Int]?) -> Tensor {
    let rows = cache.extend(heads: design.heads, qkv: qkv)
    return qkv.attention(rows.keys, rows.values, visible: visible)
  }

  /// Returns attention by the kernel that reads queries, keys and values where the projection left them.
  func fused(_ qkv: Tensor, _ inputs: AttentionInputs) -> Tensor {
    qkv.selfAttention(heads: design.heads, visible: inputs.visible, rotary: inputs.rotation)
  }

  /// Returns attention with queries, keys and values as tensors apart: normalized, rotated, gathered, cached,
  /// with dropout of probabilities.
  func general(_ qkv: Tensor, _ inputs: AttentionInputs, _ random: inout Random?) -> Tensor {
    let heads = design.heads, width = qkv.shape[2] / 3
    var queries = headNormalized(qkv.sliced(0..<width, axis: 2), queryNorm)
    var keys = headNormalized(qkv.sliced(width..<2 * width, axis: 2), keyNorm)
    let values = qkv.sliced(2 * width..<3 * width, axis: 2)
    if logitScale == nil, design.scale != 1 { queries = queries * design.scale }
    if let rotation = inputs.rotation {
      queries = queries.rotated(by: rotation, heads: heads)
      keys = keys.rotated(by: rotation, heads: heads)
    }
    if let positions = inputs.queryPositions { queries = queries.gathered(positions) }
    if let cache = inputs.cache {
      let rows = cache.extend(heads: heads, keys, values)
      return queries.attention(rows.keys, rows.values, visible: inputs.visible)
    }
    guard design.dropout > 0, random != nil else {
      return queries.attention(keys, values, heads: heads, visible: inputs.visible)
    }
    // [batch, heads, queries, keys]
    let shape = [queries.shape[0], heads, queries.shape[1], keys.shape[1]]
    let factors = random!.uniform(shape, "attention-dropout").dropoutFactors(design.dropout)
    return queries.attention(keys, values, heads: heads, visible: inputs.visible, dropoutMask: factors)
  }

  /// Returns `qkv` with queries and keys of unit length per head, the queries times exp(logitScale), where the design
  /// has such a norm (VAR; Tian et al. 2024, arXiv 2404.02905); else `qkv` as it is.
  func queryKeyNormalized(_ qkv: Tensor) -> Tensor {
    guard let logitScale else { return qkv }
    // At most 100; the kernel divides logits by sqrt(head width), which unit vectors do not need.
    let factors = logitScale().clamped(to: -Float.greatestFiniteMagnitude...logf(100)).exponential
    let headWidth = qkv.shape[2] / 3 / design.heads
    return qkv.queryKeyNormalized(queryScales: factors * (Float(headWidth).squareRoot() * design.scale))
  }

  /// Returns queries or keys [batch, positions, width] with a norm over the channels of each head, where there is one.
  private func headNormalized(_ x: Tensor, _ norm: LayerNorm?) -> Tensor {
    guard let norm else { return x }
    // [batch * positions * heads, head width]
    return norm(x.reshaped([x.count / x.shape[2] * design.heads, x.shape[2] / design.heads])).reshaped(x.shape)
  }
}
