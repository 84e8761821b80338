import Tensors

/// Normal draws of a seed, in any shape.
func numbers(_ shape: [Int], _ seed: UInt64) -> Tensor {
  var random = Random(seed: seed)
  return random.normal([1, shape.product], "x").reshaped(shape)
}

/// The largest difference of values and gradients between a fast and a slow form of one function, under a random
/// projection.
///
/// Both sum a few hundred products of order one in single precision: 1e-4 is some ten roundings of the largest.
func distance(_ inputs: [Tensor], _ fast: ([Tensor]) -> Tensor, _ slow: ([Tensor]) -> Tensor) -> Float {
  let tracked = inputs.map(\.tracked), a = fast(tracked), b = slow(tracked), weights = numbers(a.shape, 99)
  let gradients = [a, b].map { ($0 * weights).sum.gradients(of: tracked) }
  return max(a.distance(to: b), zip(gradients[0], gradients[1]).map { $0.distance(to: $1) }.max() ?? 0)
}
