import Tensors

/// Tests of tensors for infinities and NaN.
enum Finiteness {
  /// Returns true where all scalars are finite: one parallel pass, and a second where squares overflow.
  static func holds(_ tensors: [Tensor]) -> Bool {
    Tensor.sumOfSquares(tensors).isFinite || tensors.allSatisfy(\.isFinite)
  }

  /// Returns the index along the first axis of the first scalar that is not finite; nil where all are.
  static func firstBrokenRow(of tensor: Tensor) -> Int? {
    guard !holds([tensor]), let scalar = tensor.scalars.firstIndex(where: { !$0.isFinite }) else { return nil }
    return scalar / max(1, tensor.count / max(1, tensor.shape.first ?? 1))
  }
}
