import Tensors

/// Layer normalization over the last axis, (x - mean) rstd weight + bias (Ba et al. 2016, arXiv 1607.06450).
public struct LayerNorm: Module {
  /// [width]; nil: no weight is learned.
  public let weight: Parameter?
  /// [width]; nil: no bias is learned.
  public let bias: Parameter?
  /// The number added to the variance.
  public let epsilon: Float

  /// A norm over `width` channels; weight 1 and bias 0 at first where `isLearned`, else without both.
  public init(_ width: Int, isLearned: Bool = true, epsilon: Float = 1e-6) {
    weight = isLearned ? Parameter(Tensor(repeating: 1, shape: [width]), role: .gain) : nil
    bias = isLearned ? Parameter(Tensor(zeros: [width]), role: .bias) : nil
    self.epsilon = epsilon
  }

  /// Returns the normalized x [..., width]; with modulators x is [batch, positions, width], each sample scaled and
  /// shifted by its row of them.
  public func callAsFunction(_ x: Tensor, by modulators: NormModulation? = nil) -> Tensor {
    x.layerNorm(weight?(), bias?(), epsilon: epsilon, modulation: modulators)
  }
}

/// Root-mean-square normalization over the last axis (Zhang and Sennrich 2019, arXiv 1910.07467).
public struct RMSNorm: Module {
  /// [width]; nil: no weight is learned.
  public let weight: Parameter?
  /// The number added to the mean square.
  public let epsilon: Float

  /// A norm over `width` channels; weight 1 at first where `isLearned`, else without it.
  public init(_ width: Int, isLearned: Bool = true, epsilon: Float = 1e-5) {
    weight = isLearned ? Parameter(Tensor(repeating: 1, shape: [width]), role: .gain) : nil
    self.epsilon = epsilon
  }

  /// Returns x / sqrt(mean(x^2) + epsilon) times the weight, for x [..., width].
  public func callAsFunction(_ x: Tensor) -> Tensor {
    x.rmsNorm(weight?() ?? Tensor(repeating: 1, shape: [x.shape[x.shape.count - 1]]), epsilon: epsilon)
  }
}

/// Group normalization of images [batch, height, width, channels] (Wu and He 2018, arXiv 1803.08494).
public struct GroupNorm: Module {
  /// [channels]
  public let weight: Parameter
  /// [channels]
  public let bias: Parameter
  /// The number of groups; it divides the channels.
  public let groups: Int
  /// The number added to the variance of a group.
  public let epsilon: Float

  /// A norm over `groups` groups of `channels` channels; weight 1 and bias 0 at first.
  public init(_ channels: Int, groups: Int, epsilon: Float = 1e-6) {
    weight = Parameter(Tensor(repeating: 1, shape: [channels]), role: .gain)
    bias = Parameter(Tensor(zeros: [channels]), role: .bias)
    self.groups = groups
    self.epsilon = epsilon
  }

  /// Returns the normalized x [batch, height, width, channels].
  public func callAsFunction(_ x: Tensor) -> Tensor {
    x.groupNorm(groupCount: groups, weight(), bias(), epsilon: epsilon)
  }

  /// Returns silu(norm(x)), in one pass.
  public func withSiLU(_ x: Tensor) -> Tensor {
    x.groupNorm(groupCount: groups, weight(), bias(), epsilon: epsilon, appliesSiLU: true)
  }
}
