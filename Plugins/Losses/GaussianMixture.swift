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
/// weights, then each channel from p_c^(1 + w) / p_u^w of that component with and without the condition, w = scale - 1,
/// as `DensityGuidance` says. Where its proposals fail the conditional Gaussian is sampled, as in the released code,
/// and the fraction of such channels is reported.
///
/// Differs from the released code: initial means are drawn from the standard normal distribution so that components
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

    /// The Gaussians of component `chosen[row]` of each mixture, channel by channel: [n width].
    func gaussians(_ chosen: [Int]) -> [Gaussian] {
      let width = means.shape[2], components = means.shape[1]
      let (means, deviations) = (means.scalars, deviations.scalars)
      return chosen.enumerated().flatMap { row, component in
        let first = (row * components + component) * width
        return (first..<first + width).map { Gaussian(mean: Double(means[$0]), deviation: Double(deviations[$0])) }
      }
    }

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

  /// Values, and as confidence their log-density; with guidance that of the drawn component, s log c - (s - 1) log u.
  func sample(_ hidden: Guided, levels: Indices, at moment: Moment, _ random: inout Random) -> Draw {
    let batch = hidden.conditional.shape[0], tokens = hidden.conditional.shape[1], rows = batch * tokens
    let conditional = mixtures(hidden.conditional, levels)
    let unconditional = hidden.scale == 1 ? nil : hidden.unconditional.map { mixtures($0, levels) }
    let numbers = random.uniform([batch, tokens], "component").scalars
    let noise = random.normal([batch, tokens, tokenWidth], "value").scalars
    let sampler = CodeSampler(), logits = conditional.logits.scalars
    let chosen = (0..<rows).map {
      sampler.code(from: Array(logits[$0 * components..<($0 + 1) * components]), at: numbers[$0])
    }
    let channels = conditional.gaussians(chosen)
    var values = zip(channels, noise).map { Float($0.mean) + Float($0.deviation) * hidden.temperature * $1 }
    func drawn(_ confidence: Tensor, failures: Int = 0) -> Draw {
      let x = tokenScale.denormalize(Tensor([batch, tokens, tokenWidth], values), levels: levels)
      var draw = Draw(.values(x), confidence: confidence.reshaped([batch, tokens]))
      draw.unguided = Float(failures) / Float(max(1, values.count))
      return draw
    }
    guard let unconditional else { return drawn(conditional.logDensity(Tensor([rows, tokenWidth], values))) }
    let free = unconditional.gaussians(chosen), scale = Double(hidden.scale)
    let failures = guide(
      &values, channels, free, scale: scale, temperature: Double(hidden.temperature),
      seeds: random.uniform([batch, tokens, 2 * tokenWidth], "guidance").scalars)
    let confidence = (0..<rows).map { row in
      (row * tokenWidth..<(row + 1) * tokenWidth).reduce(0.0) {
        let x = Double(values[$1])
        return $0 + scale * channels[$1].logDensity(x) - (scale - 1) * free[$1].logDensity(x)
      }
    }
    return drawn(Tensor([rows], confidence.map(Float.init)), failures: failures)
  }

  /// Replaces conditional draws [channels of all tokens] by guided ones, where there are any; returns how many stay.
  ///
  /// Temperature scales the deviations of both Gaussians. `seeds` holds two numbers for each channel.
  private func guide(
    _ values: inout [Float], _ conditional: [Gaussian], _ free: [Gaussian], scale: Double, temperature: Double,
    seeds: [Float]
  ) -> Int {
    // At temperature 0 all draws are the mean with the condition, where every proposal lies.
    guard temperature > 0 else { return 0 }
    var failures = 0
    for i in values.indices {
      var (c, u) = (conditional[i], free[i])
      (c.deviation, u.deviation) = (c.deviation * temperature, u.deviation * temperature)
      var numbers = SplitMix(seeds[2 * i], seeds[2 * i + 1])
      guard scale > 1 else {
        let mixed = Self.mixed(c, u, scale)
        values[i] = Float(mixed.mean + mixed.deviation * numbers.normal())
        continue
      }
      if let x = DensityGuidance(c, u, scale: scale).draw(&numbers) { values[i] = Float(x) } else { failures += 1 }
    }
    return failures
  }

  /// The Gaussian proportional to c^scale u^(1 - scale), for a scale below 1.
  private static func mixed(_ c: Gaussian, _ u: Gaussian, _ scale: Double) -> Gaussian {
    // Precisions (1 / variance) of a product of powers add up, weighted by the exponents.
    let precision = scale / (c.deviation * c.deviation), freePrecision = (1 - scale) / (u.deviation * u.deviation)
    return Gaussian(
      mean: (precision * c.mean + freePrecision * u.mean) / (precision + freePrecision),
      deviation: (1 / (precision + freePrecision)).squareRoot())
  }
}

@section("overtone_parts") @used private let registration: Registration = { $0.registry.add(GaussianMixture.self) }
