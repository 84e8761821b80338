import Networks
import Tensors

/// Returns the first scalar at which the gradient by a parameter of `module` differs from finite differences; nil when
/// they agree.
///
/// As `gradientsDisagree(of:)`, for the paths that `isTried` names; parameters are put back afterwards. The function
/// must use the module each time it is called, and draw the same random numbers.
public func parameterGradientsDisagree(
  _ module: any Module, tolerance: Double = 1e-3, where isTried: (String) -> Bool = { _ in true },
  _ function: () -> Tensor
) -> String? {
  var random = Random(seed: 11)
  let result = function(), parameters = module.parameters.filter { isTried($0.path) }
  let weights = random.normal([1] + result.shape, "projection").reshaped(result.shape)
  let gradients = (result * weights).sum.gradients(of: parameters.map { $0.parameter() })
  let factors = weights.scalars.map(Double.init)
  func projected() -> Double {
    withoutGradients { zip(function().scalars, factors).reduce(0) { $0 + Double($1.0) * $1.1 } }
  }
  let step = 0x1p-5
  for ((path, parameter), gradient) in zip(parameters, gradients) {
    let value = parameter.value, scalars = value.scalars, found = gradient.scalars.map(Double.init)
    defer { parameter.replace(value) }
    let differences = scalars.indices.map { index in
      func moved(_ steps: Double) -> Double {
        var changed = scalars
        changed[index] += Float(steps * step)
        parameter.replace(Tensor(value.shape, changed))
        return projected()
      }
      return (8 * (moved(1) - moved(-1)) - (moved(2) - moved(-2))) / (12 * step)
    }
    let largest = max(differences.map(abs).max() ?? 0, found.map(abs).max() ?? 0)
    for index in found.indices where !(abs(found[index] - differences[index]) <= tolerance * max(largest, 1e-3)) {
      return "\(path), scalar \(index): gradient \(found[index]), differences \(differences[index])"
    }
  }
  return nil
}
