import Tensors

/// Two 3x3 convolutions, each after group norm and SiLU, added to the input: [batch, height, width, in] to
/// [batch, height, width, out] (as in the autoencoders of latent diffusion; Rombach et al. 2021, arXiv 2112.10752).
public struct ResidualBlock: Module {
  /// The norm before the first convolution.
  public let norm1: GroupNorm
  /// From `in` to `out` channels.
  public let first: Convolution2D
  /// The norm before the second convolution.
  public let norm2: GroupNorm
  /// From `out` to `out` channels.
  public let second: Convolution2D
  /// A 1x1 convolution of the input, where the number of channels changes.
  public let shortcut: Convolution2D?

  /// A block from `inputs` to `outputs` channels; `groups` divides both.
  public init(from inputs: Int, to outputs: Int, groups: Int, _ random: inout Random) {
    norm1 = GroupNorm(inputs, groups: groups)
    first = Convolution2D(from: inputs, to: outputs, kernel: 3, &random)
    norm2 = GroupNorm(outputs, groups: groups)
    second = Convolution2D(from: outputs, to: outputs, kernel: 3, &random)
    shortcut = inputs == outputs ? nil : Convolution2D(from: inputs, to: outputs, kernel: 1, &random)
  }

  /// Returns the sum of the input (or its shortcut) and the branch: [batch, height, width, out].
  public func callAsFunction(_ x: Tensor) -> Tensor {
    let branch = second(norm2.withSiLU(first(norm1.withSiLU(x))))
    return (shortcut?(x) ?? x) + branch
  }
}
