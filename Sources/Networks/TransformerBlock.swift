import Tensors

/// Attention and a two-layer perceptron, each after a norm and added to what came in (pre-norm, as in ViT and MAE).
public struct TransformerBlock: Module {
  public let norm1: LayerNorm
  public let attention: Attention
  public let norm2: LayerNorm
  /// [4 width, width] with the default ratio.
  public let expand: Linear
  public let contract: Linear
  /// Share of numbers that training drops from the projections, in [0, 1).
  public let dropout: Float

  public init(_ width: Int, heads: Int, ratio: Int = 4, dropout: Float = 0, _ random: inout Random) {
    norm1 = LayerNorm(width)
    attention = Attention(width, heads: heads, &random)
    norm2 = LayerNorm(width)
    expand = Linear(from: width, to: ratio * width, &random)
    contract = Linear(from: ratio * width, to: width, &random)
    self.dropout = dropout
  }

  /// x [batch, places, width]; see `Attention` for what is visible and cached. `random` nil: nothing is dropped.
  public func callAsFunction(
    _ x: Tensor, visible: [Int]?, cache: AttentionCache? = nil, layer: Int = 0, keeping: Int = 0,
    _ random: inout Random?
  ) -> Tensor {
    let attended = attention(norm1(x), visible: visible, cache: cache, layer: layer, keeping: keeping)
    let x = x + attended.dropped(dropout, &random)
    return x + contract(expand(norm2(x)).activated(.gelu)).dropped(dropout, &random)
  }
}

extension Tensor {
  /// Zeros in a random share of places, the rest scaled up so that the mean stays (Srivastava et al. 2014).
  public func dropped(_ share: Float, _ random: inout Random?) -> Tensor {
    guard share > 0, random != nil else { return self }
    let chances = random!.uniform(shape, "dropout")
    return self
      * Tensor(unfilled: shape) { target in
        chances.withUnsafeScalars { source in
          for i in source.indices { target[i] = source[i] < share ? 0 : 1 / (1 - share) }
        }
      }
  }
}
