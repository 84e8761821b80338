import Tensors

/// Returns the first scalar at which the gradient of `function` differs from finite differences; nil when they agree.
///
/// The result is projected to one number by fixed random weights, summed in double precision, and every scalar of every
/// input is moved by a 32nd to both sides, once and twice (five-point differences, whose own error is of the fourth
/// order). `tolerance` is a fraction of the largest gradient of the input in question. Keep inputs away from kinks, and
/// small: the cost is four calls a scalar.
public func gradientsDisagree(
  of inputs: [Tensor], tolerance: Double = 1e-3, _ function: ([Tensor]) -> Tensor
) -> String? {
  let tracked = inputs.map(\.tracked), result = function(tracked)
  var random = Random(seed: 11)
  let weights = random.normal([1] + result.shape, "projection").reshaped(result.shape)
  let gradients = (result * weights).sum.gradients(of: tracked)
  let factors = weights.scalars.map(Double.init)
  func projected(_ inputs: [Tensor]) -> Double {
    zip(function(inputs).scalars, factors).reduce(0) { $0 + Double($1.0) * $1.1 }
  }
  let step = 0x1p-5  // a power of two: the steps themselves round little
  for (number, input) in inputs.enumerated() {
    let scalars = input.scalars
    let differences = scalars.indices.map { index in
      func moved(_ steps: Double) -> Double {
        var others = inputs, changed = scalars
        changed[index] += Float(steps * step)
        others[number] = Tensor(input.shape, changed)
        return projected(others)
      }
      return (8 * (moved(1) - moved(-1)) - (moved(2) - moved(-2))) / (12 * step)
    }
    let found = gradients[number].scalars.map(Double.init)
    let largest = max(differences.map(abs).max() ?? 0, found.map(abs).max() ?? 0)
    for index in found.indices where !(abs(found[index] - differences[index]) <= tolerance * max(largest, 1e-3)) {
      return "input \(number) of shape \(input.shape), scalar \(index): gradient \(found[index]), "
        + "differences \(differences[index])"
    }
  }
  return nil
}
