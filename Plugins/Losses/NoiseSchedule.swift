import Glibc

/// The constants of a diffusion process (Ho et al. 2020, arXiv 2006.11239; cosine: Nichol and Dhariwal 2021,
/// arXiv 2102.09672), in double precision, with the names of OpenAI's improved-diffusion (`gaussian_diffusion.py`),
/// which MAR uses.
///
/// With alpha_t = 1 - beta_t and alphasCumprod_t = alpha_1 ... alpha_t, a noisy token is
/// x_t = sqrt(alphasCumprod_t) x_0 + sqrt(1 - alphasCumprod_t) noise. Every array has one entry for each step.
public struct NoiseSchedule: Sendable {
  /// The growth of beta with the timestep.
  public enum Kind: String, CaseIterable, Sendable {
    /// alphasCumprod follows a squared cosine (Nichol and Dhariwal 2021, eq. 17), beta at most 0.999.
    case cosine
    /// From 0.0001 to 0.02 over 1000 steps (Ho et al. 2020, section 4).
    case linear
  }

  /// The timestep of the full schedule of each step, ascending: the timestep that conditions the network.
  public let timesteps: [Int]
  /// Variances of the noise that each step adds.
  public let betas: [Double]
  /// Products of 1 - beta up to and including each step.
  public let alphasCumprod: [Double]
  /// Products of 1 - beta before each step; 1 at the first.
  public let alphasCumprodPrev: [Double]
  /// sqrt(alphasCumprod): the coefficient of x_0 in x_t.
  public let sqrtAlphasCumprod: [Double]
  /// sqrt(1 - alphasCumprod): the coefficient of the noise in x_t.
  public let sqrtOneMinusAlphasCumprod: [Double]
  /// log(1 - alphasCumprod).
  public let logOneMinusAlphasCumprod: [Double]
  /// sqrt(1 / alphasCumprod).
  public let sqrtRecipAlphasCumprod: [Double]
  /// sqrt(1 / alphasCumprod - 1).
  public let sqrtRecipm1AlphasCumprod: [Double]
  /// Logarithms of the betas: the upper end of learned log-variances.
  public let logBetas: [Double]
  /// Variances of q(x_{t-1} | x_t, x_0) (Ho et al. 2020, eq. 7).
  public let posteriorVariance: [Double]
  /// Logarithms of the posterior variances; the first, minus infinity, is replaced by the second.
  public let posteriorLogVarianceClipped: [Double]
  /// Coefficients of x_0 in the mean of q(x_{t-1} | x_t, x_0).
  public let posteriorMeanCoef1: [Double]
  /// Coefficients of x_t in the mean of q(x_{t-1} | x_t, x_0).
  public let posteriorMeanCoef2: [Double]

  /// The full schedule of `steps` timesteps.
  public init(_ kind: Kind, steps: Int = 1000) {
    let betas: [Double] =
      switch kind {
      case .cosine:
        (0..<steps).map { i in
          func alphaBar(_ u: Double) -> Double {
            let c = cos((u + 0.008) / 1.008 * .pi / 2)
            return c * c
          }
          return min(1 - alphaBar(Double(i + 1) / Double(steps)) / alphaBar(Double(i) / Double(steps)), 0.999)
        }
      case .linear:
        // From 0.0001 to 0.02 over 1000 steps, scaled for other numbers of steps.
        (0..<steps).map { i in
          let scale = 1000 / Double(steps)
          return scale * 0.0001 + (scale * 0.02 - scale * 0.0001) * Double(i) / Double(max(1, steps - 1))
        }
      }
    self.init(timesteps: Array(0..<steps), betas: betas)
  }

  private init(timesteps: [Int], betas: [Double]) {
    self.timesteps = timesteps
    self.betas = betas
    var product = 1.0
    let cumprod = betas.map { beta in
      product *= 1 - beta
      return product
    }
    let previous = [1] + cumprod.dropLast()
    alphasCumprod = cumprod
    alphasCumprodPrev = previous
    sqrtAlphasCumprod = cumprod.map { $0.squareRoot() }
    sqrtOneMinusAlphasCumprod = cumprod.map { (1 - $0).squareRoot() }
    logOneMinusAlphasCumprod = cumprod.map { log(1 - $0) }
    sqrtRecipAlphasCumprod = cumprod.map { (1 / $0).squareRoot() }
    sqrtRecipm1AlphasCumprod = cumprod.map { (1 / $0 - 1).squareRoot() }
    logBetas = betas.map { log($0) }
    let variance = betas.indices.map { betas[$0] * (1 - previous[$0]) / (1 - cumprod[$0]) }
    posteriorVariance = variance
    posteriorLogVarianceClipped = variance.indices.map {
      log($0 == 0 && variance.count > 1 ? variance[1] : variance[$0])
    }
    posteriorMeanCoef1 = betas.indices.map { betas[$0] * previous[$0].squareRoot() / (1 - cumprod[$0]) }
    posteriorMeanCoef2 = betas.indices.map { (1 - previous[$0]) * (1 - betas[$0]).squareRoot() / (1 - cumprod[$0]) }
  }

  /// The schedule that visits only `steps` of this one, ascending, with betas that give the same alphasCumprod there.
  public func respaced(to steps: [Int]) -> NoiseSchedule {
    var last = 1.0
    let betas = steps.map { step in
      defer { last = alphasCumprod[step] }
      return 1 - alphasCumprod[step] / last
    }
    return NoiseSchedule(timesteps: steps.map { timesteps[$0] }, betas: betas)
  }

  /// The steps visited of `total` when `counts[i]` are taken from the i-th of equal sections (improved-diffusion's
  /// `space_timesteps`); nil if a section has fewer steps than its count.
  public static func steps(_ counts: [Int], of total: Int) -> [Int]? {
    var start = 0, all: [Int] = []
    for (section, count) in counts.enumerated() {
      let size = total / counts.count + (section < total % counts.count ? 1 : 0)
      guard count >= 1, count <= size else { return nil }
      let stride = count == 1 ? 1 : Double(size - 1) / Double(count - 1)
      var offset = 0.0
      for _ in 0..<count {
        all.append(start + Int(offset.rounded(.toNearestOrEven)))
        offset += stride
      }
      start += size
    }
    return all
  }

  /// Number of steps.
  public var count: Int { betas.count }
}
