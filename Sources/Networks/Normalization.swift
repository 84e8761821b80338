import Tensors

/// Layer normalisation over the last axis (Ba et al. 2016, arXiv 1607.06450).
public struct LayerNorm: Module {
  /// [width]; nil: none is learned.
  public let weight: Parameter?
  public let bias: Parameter?
  public let epsilon: Float

  public init(_ width: Int, isLearned: Bool = true, epsilon: Float = 1e-6) {
    weight = isLearned ? Parameter(Tensor(repeating: 1, shape: [width]), decays: false) : nil
    bias = isLearned ? Parameter(Tensor(zeros: [width]), decays: false) : nil
    self.epsilon = epsilon
  }

  public func callAsFunction(_ x: Tensor, by modulators: NormModulation? = nil) -> Tensor {
    x.layerNorm(weight?(), bias?(), epsilon: epsilon, modulation: modulators)
  }
}

/// Root-mean-square normalisation over the last axis (Zhang and Sennrich 2019, arXiv 1910.07467).
public struct RMSNorm: Module {
  /// [width]; nil: none is learned.
  public let weight: Parameter?
  public let epsilon: Float

  public init(_ width: Int, isLearned: Bool = true, epsilon: Float = 1e-5) {
    weight = isLearned ? Parameter(Tensor(repeating: 1, shape: [width]), decays: false) : nil
    self.epsilon = epsilon
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    x.rmsNorm(weight?() ?? Tensor(repeating: 1, shape: [x.shape[x.shape.count - 1]]), epsilon: epsilon)
  }
}

/// Group normalisation of images [batch, height, width, channels] (Wu and He 2018, arXiv 1803.08494).
public struct GroupNorm: Module {
  public let weight: Parameter
  public let bias: Parameter
  public let groups: Int
  public let epsilon: Float

  public init(_ channels: Int, groups: Int, epsilon: Float = 1e-6) {
    weight = Parameter(Tensor(repeating: 1, shape: [channels]), decays: false)
    bias = Parameter(Tensor(zeros: [channels]), decays: false)
    self.groups = groups
    self.epsilon = epsilon
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    x.groupNorm(groupCount: groups, weight(), bias(), epsilon: epsilon)
  }

  /// The norm and then x sigmoid(x), in one pass.
  public func withSiLU(_ x: Tensor) -> Tensor {
    x.groupNorm(groupCount: groups, weight(), bias(), epsilon: epsilon, appliesSiLU: true)
  }
}
