import Autoregression
import Glibc
import Networks
import Settings
import Tensors

/// A mixture of Gaussians with diagonal covariance for each token: continuous tokens with an explicit likelihood (GIVT;
/// Tschannen et al. 2023, arXiv 2312.02116).
///
/// Each component has a weight, and a mean and a deviation for each channel. The loss is the negative log-likelihood in
/// nats per channel of the tokens as they are, not as normalized by their scale, so that runs compare.
///
/// Temperature scales the deviations. Guidance is GIVT's density-based one: a component is drawn by the conditional
/// weights, then a value from p_c^(1 + w) / p_u^w of that component with and without the condition, w = scale - 1.
///
/// Differs from the released code: the product of powers of two Gaussians is a Gaussian, sampled in closed form instead
/// of by rejection; where it is none (the conditional one is much wider) the conditional one is sampled, as
/// there when rejection fails. Initial means are drawn from the standard normal distribution so that components
/// differ: there, all weights start at zero. A floor is added to the deviations instead of a maximum, so that gradients
/// pass.
struct GaussianMixture: TokenLoss {
  static let key = "gaussian-mixture"
  static let about = About(
    "A mixture of Gaussians for each token: continuous tokens with a likelihood.",
    source: "Tschannen et al. 2023 (GIVT), arXiv 2312.02116", example: "components: 4")

  let level: LevelEmbedding
  /// Logits of the component weights: [components] for each token.
  let weights: Linear
  /// [components, token width] for each token.
  let means: Linear
  /// [components, token width] for each token, before they are made positive.
  let deviations: Linear
  let tokenScale: TokenScale
  let components: Int
  /// Floor of the deviations, in units of the token scale.
  let minDeviation: Float
  let tokenWidth: Int

  static let checkpointNames = ["tokenScale": "spread"]

  init(_ settings: inout Settings, of space: TokenSpace, from hidden: Int, levels: Int, _ random: inout Random)
    throws(SettingsError)
  {
    let components: Int = try settings["components", default: 16, in: 1...1024, about: "Gaussians of the mixture"]
    try settings.renamed("least-deviation", to: "min-deviation")
    minDeviation = try settings[
      "min-deviation", default: 0.001, in: 0.000001...1,
      about: "floor of the standard deviation of a Gaussian, in units of the token scale"]
    level = try LevelEmbedding(&settings, levels: levels, width: hidden, &random)
    tokenScale = try TokenScale(&settings, levels: levels)
    let initial = Initialization.normal(standardDeviation: 0.02)
    weights = Linear(from: hidden, to: components, weight: initial, &random)
    means = Linear(
      from: hidden, to: components * space.width, weight: initial, bias: .normal(standardDeviation: 1), &random)
    deviations = Linear(from: hidden, to: components * space.width, weight: initial, &random)
    (self.components, tokenWidth) = (components, space.width)
  }

  mutating func calibrate(on targets: Tokens, levels: Indices) { tokenScale.measure(targets.values, levels: levels) }

  /// The mixtures of n tokens: logits of weights [n, components], means and deviations [n, components, width].
  struct Mixtures {
    var logits: Tensor, means: Tensor, deviations: Tensor

    /// The log-density of each mixture at x [n, width]: [n].
    func logDensity(_ x: Tensor) -> Tensor {
      let n = x.shape[0], components = logits.shape[1], width = x.shape[1]
      let z = (x.reshaped([n, 1, width]) - means) / deviations  // [n, components, width]
      let energy = (z.squared * 0.5 + deviations.logarithm).sum(axis: 2)  // [n, components]
      let logWeights = logits - logits.logSumExp.reshaped([n, 1])
      precondition(energy.shape == [n, components])
      return (logWeights - energy).logSumExp - Float(width) * 0.5 * logf(2 * .pi)
    }
  }

  /// The mixtures of hidden features [batch, tokens, hidden], row by row.
  private func mixtures(_ hidden: Tensor, _ levels: Indices) -> Mixtures {
    let rows = hidden.shape[0] * hidden.shape[1]
    let x = level(hidden, levels).reshaped([rows, hidden.shape[2]]), shape = [rows, components, tokenWidth]
    let raw = deviations(x).reshaped(shape)
    // "Squareplus", (x + sqrt(x^2 + 4)) / 2: positive, 1 at 0, and x for large x.
    let positive = (raw + (raw.squared + 4).squareRoot) * 0.5 + minDeviation
    return Mixtures(logits: weights(x), means: means(x).reshaped(shape), deviations: positive)
  }

  /// Negative log-likelihood of each token in nats per channel: [batch, tokens].
  func callAsFunction(_ hidden: Tensor, _ targets: Tokens, levels: Indices, _ random: inout Random) -> Tensor {
    let batch = hidden.shape[0], tokens = hidden.shape[1]
    let x = tokenScale.normalize(targets.values.detached, levels: levels).reshaped([batch * tokens, tokenWidth])
    let nats = mixtures(hidden, levels).logDensity(x).reshaped([batch, tokens]) * (-1 / Float(tokenWidth))
    // The density of x times its scale s is p(x) / s.
    return nats + tokenScale(levels).reshaped([batch, tokens]).logarithm
  }

  var givesConfidence: Bool { true }

  /// Values, and as confidence their log-density, guided as u + s (c - u).
  func sample(_ hidden: Guided, levels: Indices, at moment: Moment, _ random: inout Random) -> Draw {
    let batch = hidden.conditional.shape[0], tokens = hidden.conditional.shape[1], rows = batch * tokens
    let conditional = mixtures(hidden.conditional, levels)
    let unconditional = hidden.scale == 1 ? nil : hidden.unconditional.map { mixtures($0, levels) }
    let numbers = random.uniform([batch, tokens], "component").scalars
    let noise = random.normal([batch, tokens, tokenWidth], "value").scalars
    let sampler = CodeSampler(), logits = conditional.logits.scalars
    let (means, deviations) = (conditional.means.scalars, conditional.deviations.scalars)
    let freeMeans = unconditional?.means.scalars, freeDeviations = unconditional?.deviations.scalars
    var values = [Float](repeating: 0, count: rows * tokenWidth)
    for row in 0..<rows {
      let component = sampler.code(from: Array(logits[row * components..<(row + 1) * components]), at: numbers[row])
      for channel in 0..<tokenWidth {
        let i = (row * components + component) * tokenWidth + channel, target = row * tokenWidth + channel
        var gaussian = Gaussian(mean: means[i], deviation: deviations[i])
        if let freeMeans, let freeDeviations {
          gaussian = Self.guided(gaussian, Gaussian(mean: freeMeans[i], deviation: freeDeviations[i]), hidden.scale)
        }
        values[target] = gaussian.mean + gaussian.deviation * hidden.temperature * noise[target]
      }
    }
    let x = Tensor([rows, tokenWidth], values)
    let c = conditional.logDensity(x), u = unconditional?.logDensity(x)
    return Draw(
      .values(tokenScale.denormalize(x.reshaped([batch, tokens, tokenWidth]), levels: levels)),
      confidence: (u.map { $0 + (c - $0) * hidden.scale } ?? c).reshaped([batch, tokens]))
  }

  /// A normal distribution of one channel.
  struct Gaussian {
    var mean: Float, deviation: Float
  }

  /// The Gaussian proportional to c^scale / u^(scale - 1); c if that is not a density.
  static func guided(_ c: Gaussian, _ u: Gaussian, _ scale: Float) -> Gaussian {
    // Precisions (1 / variance) of a product of powers add up, weighted by the exponents.
    let precision = scale / (c.deviation * c.deviation), freePrecision = (scale - 1) / (u.deviation * u.deviation)
    // The difference must exceed a thousandth of the larger one: below, rounding decides its sign.
    guard precision - freePrecision > 1e-3 * max(precision, freePrecision) else { return c }
    return Gaussian(
      mean: (precision * c.mean - freePrecision * u.mean) / (precision - freePrecision),
      deviation: (1 / (precision - freePrecision)).squareRoot())
  }
}

@section("overtone_parts") @used private let registration: Registration = { $0.registry.add(GaussianMixture.self) }
