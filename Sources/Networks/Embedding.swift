import Tensors

/// A table of learned vectors, looked up by index: [batch][count] to [batch, count, width].
public struct Embedding: Module {
  /// [entries, width]
  public let weight: Parameter

  /// A table of `entries` vectors.
  public init(
    _ entries: Int, width: Int, weight initialization: Initialization = .normal(standardDeviation: 0.02),
    role: Parameter.Role = .embedding, _ random: inout Random
  ) {
    weight = Parameter(initialization([entries, width], &random), role: role)
  }

  /// Returns the vectors of `indices` [batch][count], all in 0 ..< entries: [batch, count, width].
  public func callAsFunction(_ indices: Indices) -> Tensor { weight().rows(indices) }
}
