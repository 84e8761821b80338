import Tensors

/// Single-head self-attention over all pixels of a feature map, added to the input: [batch, height, width, channels]
/// (the attention block of VQGAN; Esser et al. 2020, arXiv 2012.09841).
public struct SpatialAttention: Module {
  /// The norm of the input of all three projections.
  public let norm: GroupNorm
  /// 1x1 projection to queries.
  public let queries: Convolution2D
  /// 1x1 projection to keys.
  public let keys: Convolution2D
  /// 1x1 projection to values.
  public let values: Convolution2D
  /// 1x1 projection of the weighted sum of values.
  public let output: Convolution2D

  /// A block over `channels` channels; `groups` divides them.
  public init(_ channels: Int, groups: Int, _ random: inout Random) {
    norm = GroupNorm(channels, groups: groups)
    queries = Convolution2D(from: channels, to: channels, kernel: 1, &random)
    keys = Convolution2D(from: channels, to: channels, kernel: 1, &random)
    values = Convolution2D(from: channels, to: channels, kernel: 1, &random)
    output = Convolution2D(from: channels, to: channels, kernel: 1, &random)
  }

  /// Returns x plus what attention adds: [batch, height, width, channels].
  public func callAsFunction(_ x: Tensor) -> Tensor {
    // [batch, height * width, channels]
    let normalized = norm(x), sequence = [x.shape[0], x.shape[1] * x.shape[2], x.shape[3]]
    let attended = queries(normalized).reshaped(sequence)
      .attention(keys(normalized).reshaped(sequence), values(normalized).reshaped(sequence), heads: 1)
    return x + output(attended.reshaped(x.shape))
  }
}
