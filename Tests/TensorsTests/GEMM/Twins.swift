import Tensors

/// Numbers of order one, the same for the same seed.
func numbers(_ shape: [Int], _ seed: UInt64) -> Tensor {
  var random = Random(seed: seed)
  return random.normal([1, shape.product], "x").reshaped(shape)
}

/// Largest distance of values and gradients of two ways to compute the same, for a random projection.
///
/// Both sum a few hundred products of order one in single precision: 1e-4 is some ten roundings of the largest.
func distance(_ inputs: [Tensor], _ fast: ([Tensor]) -> Tensor, _ slow: ([Tensor]) -> Tensor) -> Float {
  let tracked = inputs.map(\.tracked), a = fast(tracked), b = slow(tracked), weights = numbers(a.shape, 99)
  let back = [a, b].map { ($0 * weights).sum.gradients(of: tracked) }
  return max(a.distance(to: b), zip(back[0], back[1]).map { $0.distance(to: $1) }.max() ?? 0)
}
