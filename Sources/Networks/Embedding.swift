import Tensors

/// A learned vector for each of some numbers: [batch][count] to [batch, count, width].
public struct Embedding: Module {
  /// [entries, width]
  public let weight: Parameter

  public init(
    _ entries: Int, width: Int, weight initialization: Initialization = .normal(standardDeviation: 0.02),
    decays: Bool = true,
    _ random: inout Random
  ) {
    weight = Parameter(initialization([entries, width], &random), decays: decays)
  }

  public func callAsFunction(_ numbers: Indices) -> Tensor { weight().rows(numbers) }
}
