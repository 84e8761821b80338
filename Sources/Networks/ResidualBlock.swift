import Tensors

/// Two convolutions, each after group norm and SiLU, added to what came in: [batch, h, w, in] to [batch, h, w, out].
public struct ResidualBlock: Module {
  public let norm1: GroupNorm
  public let first: Convolution2D
  public let norm2: GroupNorm
  public let second: Convolution2D
  /// 1x1 where the number of channels changes.
  public let shortcut: Convolution2D?

  public init(from inputs: Int, to outputs: Int, groups: Int, _ random: inout Random) {
    norm1 = GroupNorm(inputs, groups: groups)
    first = Convolution2D(from: inputs, to: outputs, kernel: 3, &random)
    norm2 = GroupNorm(outputs, groups: groups)
    second = Convolution2D(from: outputs, to: outputs, kernel: 3, &random)
    shortcut = inputs == outputs ? nil : Convolution2D(from: inputs, to: outputs, kernel: 1, &random)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    let bent = second(norm2.withSiLU(first(norm1.withSiLU(x))))
    return (shortcut?(x) ?? x) + bent
  }
}

/// Every place of an image attends to every other, one head: [batch, h, w, channels].
public struct SpatialAttention: Module {
  public let norm: GroupNorm
  public let queries: Convolution2D
  public let keys: Convolution2D
  public let values: Convolution2D
  public let output: Convolution2D

  public init(_ channels: Int, groups: Int, _ random: inout Random) {
    norm = GroupNorm(channels, groups: groups)
    queries = Convolution2D(from: channels, to: channels, kernel: 1, &random)
    keys = Convolution2D(from: channels, to: channels, kernel: 1, &random)
    values = Convolution2D(from: channels, to: channels, kernel: 1, &random)
    output = Convolution2D(from: channels, to: channels, kernel: 1, &random)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    let n = norm(x), places = [x.shape[0], x.shape[1] * x.shape[2], x.shape[3]]
    let mixed = queries(n).reshaped(places)
      .attention(keys(n).reshaped(places), values(n).reshaped(places), heads: 1)
    return x + output(mixed.reshaped(x.shape))
  }
}
