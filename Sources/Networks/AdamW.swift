import Tensors

/// Adam with decoupled weight decay (Loshchilov and Hutter 2017, arXiv 1711.05101).
///
/// p <- p (1 - lr wd), then p <- p - lr / (1 - b1^t) m / (sqrt(v / (1 - b2^t)) + eps).
public struct AdamW: Sendable {
  /// The decay of the running mean of gradients.
  public var beta1: Double
  /// The decay of the running mean of squared gradients.
  public var beta2: Double
  /// The number added to the root of the second moment.
  public var epsilon: Double
  /// The fraction of a parameter that decays per unit of the learning rate.
  public var weightDecay: Double

  /// A rule with the coefficients of MAR and FAR by default.
  public init(beta1: Double = 0.9, beta2: Double = 0.95, epsilon: Double = 1e-8, weightDecay: Double = 0.02) {
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
  }

  /// The coefficients of one step, the same for all scalars of a parameter.
  public struct Step<Scalar: BinaryFloatingPoint & Sendable>: Sendable {
    var beta1: Scalar, beta2: Scalar, epsilon: Scalar
    /// 1 - lr wd.
    var decay: Scalar
    /// lr / (1 - b1^t).
    var rate: Scalar
    /// 1 / (1 - b2^t).
    var secondScale: Scalar

    /// Updates one scalar of a parameter and its running moments: `mean` of gradients, `square` of their squares.
    @inline(__always)
    public func apply(
      _ gradient: Scalar, to parameter: inout Scalar, mean: inout Scalar, square: inout Scalar
    ) {
      mean = beta1 * mean + (1 - beta1) * gradient
      square = beta2 * square + (1 - beta2) * gradient * gradient
      parameter = parameter * decay - rate * mean / ((square * secondScale).squareRoot() + epsilon)
    }
  }

  /// Returns the coefficients of step `number` (1, 2, ...) at a learning rate, with or without weight decay.
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
      decay: Scalar(1 - rate * (decays ? weightDecay : 0)), rate: Scalar(rate / (1 - power(beta1))),
      secondScale: Scalar(1 / (1 - power(beta2))))
  }

  /// Returns the factor min(1, limit / (norm + 1e-6)) of gradients with a joint norm; 1 where `limit` is 0.
  public static func clipping(norm: Double, limit: Double) -> Double {
    limit > 0 ? min(1, limit / (norm + 1e-6)) : 1
  }
}
