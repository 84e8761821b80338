import Glibc

/// The constants of a diffusion: how much noise lies on a token at each timestep (Ho et al. 2020, arXiv 2006.11239;
/// cosine: Nichol and Dhariwal 2021, arXiv 2102.09672). All in double precision.
public struct NoiseSchedule: Sendable {
  public enum Kind: String, CaseIterable, Sendable { case cosine, linear }

  /// Timestep of the full schedule that each step stands for, ascending; the network is always told this one.
  public let timesteps: [Int]
  public let betas: [Double]
  /// Product of 1 - beta up to and with each step.
  public let alphasCumprod: [Double]
  /// The same one step earlier; 1 before the first.
  public let alphasCumprodPrev: [Double]
  public let sqrtAlphasCumprod: [Double]
  public let sqrtOneMinusAlphasCumprod: [Double]
  public let logOneMinusAlphasCumprod: [Double]
  public let sqrtRecipAlphasCumprod: [Double]
  public let sqrtRecipm1AlphasCumprod: [Double]
  public let logBetas: [Double]
  /// Variance of the step before, given the clean token.
  public let posteriorVariance: [Double]
  /// Its logarithm; the first entry, minus infinity, is that of the second.
  public let posteriorLogVarianceClipped: [Double]
  /// Weight of the clean token in the mean of the step before.
  public let posteriorMeanCoef1: [Double]
  /// Weight of the noisy token in it.
  public let posteriorMeanCoef2: [Double]

  /// The full schedule.
  public init(_ kind: Kind, steps: Int = 1000) {
    let betas: [Double] =
      switch kind {
      case .cosine:
        (0..<steps).map { i in
          func share(_ u: Double) -> Double {
            let c = cos((u + 0.008) / 1.008 * .pi / 2)
            return c * c
          }
          return min(1 - share(Double(i + 1) / Double(steps)) / share(Double(i) / Double(steps)), 0.999)
        }
      case .linear:
        // From 0.0001 to 0.02 over 1000 steps, stretched to others.
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
    let alphasCumprod = betas.map { beta in
      product *= 1 - beta
      return product
    }
    let before = [1] + alphasCumprod.dropLast()
    self.alphasCumprod = alphasCumprod
    alphasCumprodPrev = before
    sqrtAlphasCumprod = alphasCumprod.map { $0.squareRoot() }
    sqrtOneMinusAlphasCumprod = alphasCumprod.map { (1 - $0).squareRoot() }
    logOneMinusAlphasCumprod = alphasCumprod.map { log(1 - $0) }
    sqrtRecipAlphasCumprod = alphasCumprod.map { (1 / $0).squareRoot() }
    sqrtRecipm1AlphasCumprod = alphasCumprod.map { (1 / $0 - 1).squareRoot() }
    logBetas = betas.map { log($0) }
    let variance = betas.indices.map { betas[$0] * (1 - before[$0]) / (1 - alphasCumprod[$0]) }
    posteriorVariance = variance
    posteriorLogVarianceClipped = variance.indices.map {
      log($0 == 0 && variance.count > 1 ? variance[1] : variance[$0])
    }
    posteriorMeanCoef1 = betas.indices.map { betas[$0] * before[$0].squareRoot() / (1 - alphasCumprod[$0]) }
    posteriorMeanCoef2 = betas.indices.map { (1 - before[$0]) * (1 - betas[$0]).squareRoot() / (1 - alphasCumprod[$0]) }
  }

  /// The schedule that visits only some of the steps, given ascending: betas follow from the products of alphas.
  public func respaced(to steps: [Int]) -> NoiseSchedule {
    var last = 1.0
    let betas = steps.map { step in
      defer { last = alphasCumprod[step] }
      return 1 - alphasCumprod[step] / last
    }
    return NoiseSchedule(timesteps: steps.map { timesteps[$0] }, betas: betas)
  }

  /// Which of `total` steps are visited when each of equal sections gets so many of its own; nil if one asks too many.
  public static func steps(_ counts: [Int], of total: Int) -> [Int]? {
    var start = 0, all: [Int] = []
    for (section, count) in counts.enumerated() {
      let size = total / counts.count + (section < total % counts.count ? 1 : 0)
      guard count >= 1, count <= size else { return nil }
      let stride = count == 1 ? 1 : Double(size - 1) / Double(count - 1)
      var place = 0.0
      for _ in 0..<count {
        all.append(start + Int(place.rounded(.toNearestOrEven)))
        place += stride
      }
      start += size
    }
    return all
  }

  public var count: Int { betas.count }
}
