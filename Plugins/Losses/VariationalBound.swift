import Glibc
import Tensors

/// The variational bound that trains the variance of the reverse process (Nichol and Dhariwal 2021, arXiv 2102.09672,
/// section 3.1): the KL divergence between q(x_{t-1} | x_t, x_0) and the network's Gaussian, and at t = 0 the negative
/// log-likelihood of x_0, in bits per channel.
struct VariationalBound {
  let schedule: NoiseSchedule
  /// [n]
  let timesteps: [Int]

  /// One term: its value in nats and its derivative by the log-variance.
  private struct Term {
    var value: Double, derivative: Double
  }

  /// The bound of each row of x_0, x_t, predicted noise and predicted variance, [n, width] each: [n].
  ///
  /// The variance is v in [-1, 1], the log-variance (v + 1) / 2 logBeta + (1 - v) / 2 posteriorLogVariance. Only it has
  /// a gradient.
  func callAsFunction(xStart: Tensor, noisy: Tensor, predictedNoise: Tensor, variance: Tensor) -> Tensor {
    let n = timesteps.count, width = xStart.shape[1]
    // Value and derivative in one pass, in double precision: at small timesteps the terms nearly cancel.
    let results = Tensor.rowwise(
      [xStart, noisy, predictedNoise, variance], outputs: [1, width], cost: 200 * width
    ) { row, from, to in
      let t = timesteps[row], (x0, x, e, v) = (from[0], from[1], from[2], from[3])
      let logBeta = schedule.logBetas[t], logPosterior = schedule.posteriorLogVarianceClipped[t]
      let range = logBeta - logPosterior
      let coef1 = schedule.posteriorMeanCoef1[t], coef2 = schedule.posteriorMeanCoef2[t]
      let recip = schedule.sqrtRecipAlphasCumprod[t], recipm1 = schedule.sqrtRecipm1AlphasCumprod[t]
      var sum = 0.0
      for i in 0..<width {
        let predicted = recip * Double(x[i]) - recipm1 * Double(e[i])
        let mean = coef1 * predicted + coef2 * Double(x[i])
        let fraction = (Double(v[i]) + 1) / 2, logVariance = fraction * logBeta + (1 - fraction) * logPosterior
        let term: Term
        if t > 0 {
          let trueMean = coef1 * Double(x0[i]) + coef2 * Double(x[i])
          let error = (trueMean - mean) * (trueMean - mean) * exp(-logVariance)
          let ratio = exp(logPosterior - logVariance)
          term = Term(
            value: 0.5 * (-1 + logVariance - logPosterior + ratio + error), derivative: 0.5 * (1 - ratio - error))
        } else {
          term = Self.discretized(Double(x0[i]), mean, logVariance)
        }
        sum += term.value
        to[1][i] = Float(term.derivative * range / 2 / 0.693_147_180_559_945_3 / Double(width))
      }
      to[0][0] = Float(sum / Double(width) / 0.693_147_180_559_945_3)
    }
    return results[0].reshaped([n]).recorded(inputs: [variance]) { [$0.reshaped([n, 1]) * results[1]] }
  }

  /// The negative log-probability of the bin of half-width 1/255 around x under a Gaussian
  /// (`discretized_gaussian_log_likelihood` of improved-diffusion).
  private static func discretized(_ x: Double, _ mean: Double, _ logVariance: Double) -> Term {
    let scale = exp(-0.5 * logVariance)
    // Phi(z) by its tanh approximation; dPhi/dlogVariance = Phi'(z) dz/dlogVariance = -z/2 Phi'(z).
    func cdf(_ z: Double) -> Term {
      let k = (2 / Double.pi).squareRoot(), t = tanh(k * (z + 0.044715 * z * z * z))
      return Term(value: 0.5 * (1 + t), derivative: -z / 2 * 0.5 * (1 - t * t) * k * (1 + 3 * 0.044715 * z * z))
    }
    let upper = cdf((x - mean + 1 / 255) * scale), lower = cdf((x - mean - 1 / 255) * scale)
    let probability =
      x < -0.999
      ? upper
      : x > 0.999
        ? Term(value: 1 - lower.value, derivative: -lower.derivative)
        : Term(value: upper.value - lower.value, derivative: upper.derivative - lower.derivative)
    guard probability.value > 1e-12 else { return Term(value: -log(1e-12), derivative: 0) }
    return Term(value: -log(probability.value), derivative: -probability.derivative / probability.value)
  }
}
