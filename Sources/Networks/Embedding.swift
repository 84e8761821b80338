import Tensors

/// A table of learned vectors, looked up by index: [batch][count] to [batch, count, width].
public struct Embedding: Module {
  /// [entries, width]
  public let weight: Parameter

  /// A table of `entries` vectors. `decays` says whether weight decay applies to them.
  public init(
    _ entries: Int, width: Int, weight initialization: Initialization = .normal(standardDeviation: 0.02),
    decays: Bool = true, _ random: inout Random
  ) {
    weight = Parameter(initialization([entries, width], &random), decays: decays)
  }

  /// Returns the vectors of `indices` [batch][count], all in 0 ..< entries: [batch, count, width].
  public func callAsFunction(_ indices: Indices) -> Tensor { weight().rows(indices) }
}
