import Autoregression
import Glibc
import Networks
import Settings
import Tensors

/// A few Gaussians for each token: a density that can be written down (GIVT; Tschannen et al. 2023, arXiv 2312.02116).
///
/// A component has a weight, and a mean and a deviation for each number of a token. The loss is minus the logarithm of
/// the density, in nats per number, of tokens as they are (not as divided by their spread), so that runs compare.
///
/// Temperature scales deviations. Guidance is GIVT's in the space of densities: a component is drawn by the
/// conditional weights, then from p_c^(1 + w) / p_u^w of that component with and without the condition, w = scale - 1.
///
/// Differs from the released code: the product of powers of two Gaussians is a Gaussian, which is drawn as such and not by
/// trying; where it is none (the conditional one is much wider) the conditional one is drawn, as there when trying
/// fails. Components start apart, with means drawn from the standard normal distribution: there, all weights start at
/// zero. Deviations have a floor that is added, not compared with, so that gradients pass.
struct GaussianMixture: TokenLoss {
  static let key = "gaussian-mixture"
  static let about = About(
    "A mixture of Gaussians for each token: continuous tokens with a likelihood.",
    source: "Tschannen et al. 2023 (GIVT), arXiv 2312.02116", example: "components: 4")

  let level: LevelEmbedding
  /// Logarithms of weights, but for a constant: [components] a token.
  let weights: Linear
  /// [components, token width] a token.
  let means: Linear
  let deviations: Linear
  let tokenScale: TokenScale
  let components: Int
  let leastDeviation: Float
  let tokenWidth: Int

  static let checkpointNames = ["tokenScale": "spread"]

  init(_ settings: inout Settings, of space: TokenSpace, from hidden: Int, levels: Int, _ random: inout Random)
    throws(SettingsError)
  {
    let components: Int = try settings["components", default: 16, in: 1...1024, about: "Gaussians of a token"]
    leastDeviation = try settings[
      "least-deviation", default: 0.001, in: 0.000001...1,
      about: "how narrow a Gaussian can become, as a share of the tokens' spread"]
    level = try LevelEmbedding(&settings, levels: levels, width: hidden, &random)
    tokenScale = try TokenScale(&settings, levels: levels)
    let initial = Initialization.normal(standardDeviation: 0.02)
    weights = Linear(from: hidden, to: components, weight: initial, &random)
    means = Linear(
      from: hidden, to: components * space.width, weight: initial, bias: .normal(standardDeviation: 1), &random)
    deviations = Linear(from: hidden, to: components * space.width, weight: initial, &random)
    (self.components, tokenWidth) = (components, space.width)
  }

  mutating func calibrate(on answers: Tokens, levels: Indices) { tokenScale.measure(answers.values, levels: levels) }

  /// Gaussians of n tokens: logarithms of weights [n, components], means and deviations [n, components, width].
  struct Parts {
    var weights: Tensor, means: Tensor, deviations: Tensor

    /// The logarithm of the density at x [n, width]; [n].
    func logDensity(_ x: Tensor) -> Tensor {
      let n = x.shape[0], components = weights.shape[1], width = x.shape[1]
      let z = (x.reshaped([n, 1, width]) - means) / deviations
      let each = (z.squared * 0.5 + deviations.logarithm).sum(axis: 2)  // [n, components]
      let normal = weights - weights.logSumExp.reshaped([n, 1])
      precondition(each.shape == [n, components])
      return (normal - each).logSumExp - Float(width) * 0.5 * logf(2 * .pi)
    }
  }

  /// What the head says of hidden [batch, asked, width], row by row.
  private func parts(_ hidden: Tensor, _ levels: Indices) -> Parts {
    let rows = hidden.shape[0] * hidden.shape[1]
    let x = level(hidden, levels).reshaped([rows, hidden.shape[2]]), shape = [rows, components, tokenWidth]
    let raw = deviations(x).reshaped(shape)
    // "Square plus": above zero, 1 at 0, and x for large x.
    let positive = (raw + (raw.squared + 4).squareRoot) * 0.5 + leastDeviation
    return Parts(weights: weights(x), means: means(x).reshaped(shape), deviations: positive)
  }

  func callAsFunction(_ hidden: Tensor, _ answers: Tokens, levels: Indices, _ random: inout Random) -> Tensor {
    let batch = hidden.shape[0], asked = hidden.shape[1]
    let x = tokenScale.normalize(answers.values.detached, levels: levels).reshaped([batch * asked, tokenWidth])
    let nats = parts(hidden, levels).logDensity(x).reshaped([batch, asked]) * (-1 / Float(tokenWidth))
    return nats + tokenScale(levels).reshaped([batch, asked]).logarithm
  }

  var givesConfidence: Bool { true }

  /// Values, and as confidence the logarithm of their density, guided as u + s (c - u).
  func sample(_ hidden: Guided, levels: Indices, at moment: Moment, _ random: inout Random) -> Draw {
    let batch = hidden.conditional.shape[0], asked = hidden.conditional.shape[1], rows = batch * asked
    let told = parts(hidden.conditional, levels)
    let free = hidden.scale == 1 ? nil : hidden.unconditional.map { parts($0, levels) }
    let numbers = random.uniform([batch, asked], "component").scalars
    let noise = random.normal([batch, asked, tokenWidth], "value").scalars
    let chance = CodeSampler(), logits = told.weights.scalars
    let (means, deviations) = (told.means.scalars, told.deviations.scalars)
    let (others, otherDeviations) = (free?.means.scalars, free?.deviations.scalars)
    var values = [Float](repeating: 0, count: rows * tokenWidth)
    for row in 0..<rows {
      let component = chance.code(Array(logits[row * components..<(row + 1) * components]), at: numbers[row])
      for channel in 0..<tokenWidth {
        let i = (row * components + component) * tokenWidth + channel, place = row * tokenWidth + channel
        var gaussian = (mean: means[i], deviation: deviations[i])
        if let others, let otherDeviations {
          gaussian = Self.guided(gaussian, (others[i], otherDeviations[i]), hidden.scale)
        }
        values[place] = gaussian.mean + gaussian.deviation * hidden.temperature * noise[place]
      }
    }
    let x = Tensor([rows, tokenWidth], values)
    let likely = told.logDensity(x), unlikely = free?.logDensity(x)
    return Draw(
      .values(tokenScale.denormalize(x.reshaped([batch, asked, tokenWidth]), levels: levels)),
      confidence: (unlikely.map { $0 + (likely - $0) * hidden.scale } ?? likely).reshaped([batch, asked]))
  }

  /// The Gaussian in proportion to c^scale / u^(scale - 1); c where there is none.
  static func guided(
    _ c: (mean: Float, deviation: Float), _ u: (mean: Float, deviation: Float), _ scale: Float
  ) -> (mean: Float, deviation: Float) {
    // Precisions add up as the exponents say.
    let told = scale / (c.deviation * c.deviation), free = (scale - 1) / (u.deviation * u.deviation)
    // A thousandth of the larger: else rounding decides.
    guard told - free > 1e-3 * max(told, free) else { return c }
    return ((told * c.mean - free * u.mean) / (told - free), (1 / (told - free)).squareRoot())
  }
}

@section("overtone_parts") @used private let registration: Registration = { $0.registry.add(GaussianMixture.self) }
