import Tensors

/// Adam with decoupled weight decay (Loshchilov and Hutter 2017, arXiv 1711.05101).
///
/// p <- p (1 - lr wd), then p <- p - lr / (1 - b1^t) m / (sqrt(v / (1 - b2^t)) + eps).
public struct AdamW: Sendable {
  public var beta1: Double
  public var beta2: Double
  public var epsilon: Double
  public var weightDecay: Double

  public init(beta1: Double = 0.9, beta2: Double = 0.95, epsilon: Double = 1e-8, weightDecay: Double = 0.02) {
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
  }

  /// The numbers of one step, the same for every scalar.
  public struct Step<Scalar: BinaryFloatingPoint & Sendable>: Sendable {
    var beta1: Scalar, beta2: Scalar, epsilon: Scalar, keep: Scalar, rate: Scalar, secondScale: Scalar

    /// What one scalar of a parameter becomes; `mean` and `square` are its running moments.
    @inline(__always)
    public func apply(_ parameter: inout Scalar, _ mean: inout Scalar, _ square: inout Scalar, _ gradient: Scalar) {
      mean = beta1 * mean + (1 - beta1) * gradient
      square = beta2 * square + (1 - beta2) * gradient * gradient
      parameter = parameter * keep - rate * mean / ((square * secondScale).squareRoot() + epsilon)
    }
  }

  /// Step `number` (1, 2, ...) at a learning rate, with or without decay.
  public func step<Scalar>(_ number: Int, rate: Double, decays: Bool) -> Step<Scalar> {
    func power(_ base: Double) -> Double {
      var result = 1.0, factor = base, exponent = number
      while exponent > 0 {
        if exponent & 1 == 1 { result *= factor }
        factor *= factor
        exponent >>= 1
      }
      return result
    }
    return Step(
      beta1: Scalar(beta1), beta2: Scalar(beta2), epsilon: Scalar(epsilon),
      keep: Scalar(1 - rate * (decays ? weightDecay : 0)), rate: Scalar(rate / (1 - power(beta1))),
      secondScale: Scalar(1 / (1 - power(beta2))))
  }

  /// min(1, limit / (norm + 1e-6)): what gradients of a joint norm are multiplied by. `limit` 0: never.
  public static func clipping(norm: Double, limit: Double) -> Double {
    limit > 0 ? min(1, limit / (norm + 1e-6)) : 1
  }
}
