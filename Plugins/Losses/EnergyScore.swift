import Autoregression
import Networks
import Settings
import Tensors

/// A generator of each token from noise, trained by the energy score: continuous tokens in one evaluation
/// (EAR; Shao et al. 2025, arXiv 2505.07812; the score: Gneiting and Raftery 2007, section 4.3).
///
/// Two tokens x1, x2 are generated for a true token y, and the loss is |x1 - y|^alpha + |x2 - y|^alpha
/// - T |x1 - x2|^alpha, with Euclidean norms over the channels. At T = 1 and 0 < alpha < 2 its expectation is least
/// where generated tokens are distributed as the true ones; a smaller T sharpens the distribution.
///
/// Noise is uniform on [-1/2, 1/2). Guidance mixes hidden states, u + s (c - u), before they are mapped to a token.
/// The sampling temperature scales the shifts of the generator's norms; 0 still leaves the noise in their scales and
/// gates.
///
/// Differs from the released code: a level embedding and the token scale, as in the other losses (with one level, and
/// `token-scale: none` for latents of deviation 1, the same), and the optimizer's learning rate and weight decay, which
/// are a quarter and zero for the generator there.
struct EnergyScore: TokenLoss {
  static let key = "energy-score"
  static let about = About(
    "A small network maps noise to a token, trained by the energy score: continuous tokens in one evaluation.",
    source: "Shao et al. 2025 (EAR), arXiv 2505.07812", example: "width: 64\ndepth: 2")

  let level: LevelEmbedding
  let network: EnergyGenerator
  let tokenScale: TokenScale
  /// Pairs of tokens generated for each true token in a training step.
  let batchMultiplier: Int
  let noiseChannels: Int
  /// The exponent of distances.
  let alpha: Float
  /// The weight of the distance between the two generated tokens.
  let trainTemperature: Float
  let tokenWidth: Int

  static let checkpointNames = ["tokenScale": "spread"]

  init(_ settings: inout Settings, of space: TokenSpace, from hidden: Int, levels: Int, _ random: inout Random)
    throws(SettingsError)
  {
    let preset: EnergyScorePreset = try settings[
      "preset", default: .none, about: "a paper's width and depth as defaults (EAR, arXiv 2505.07812)"]
    let width: Int = try settings[
      "width", default: preset.size.width, in: 1...16_384, about: "width of the generator (EAR: scoreloss_w)"]
    let depth: Int = try settings[
      "depth", default: preset.size.depth, in: 0...64,
      about: "residual blocks of the generator (EAR: scoreloss_d)"]
    batchMultiplier = try settings[
      "score-batch-mul", default: 2, in: 1...64,
      about: "pairs of tokens generated for each true one in a training step (EAR: score_batch_mul)"]
    noiseChannels = try settings[
      "noise-channels", default: 64, in: 1...16_384, about: "numbers of the noise of a token (EAR: noise_channels)"]
    alpha = try settings[
      "alpha", default: 1, in: 0.01...1.99, about: "exponent of distances in the energy score (EAR: alpha)"]
    trainTemperature = try settings[
      "train-temperature", default: 1, in: 0...1,
      about: "weight of the distance between generated tokens; below 1 they are less diverse (EAR: train_temperature)"]
    level = try LevelEmbedding(&settings, levels: levels, width: hidden, &random)
    tokenScale = try TokenScale(&settings, levels: levels)
    tokenWidth = space.width
    network = EnergyGenerator(
      hidden: hidden, noiseChannels: noiseChannels, width: width, depth: depth, outputs: space.width, &random)
  }

  mutating func calibrate(on targets: Tokens, levels: Indices) { tokenScale.measure(targets.values, levels: levels) }

  var trainingEvaluations: Int { 2 * batchMultiplier }

  /// The negative energy score of each normalized token, the mean over pairs: [batch, tokens].
  func callAsFunction(_ hidden: Tensor, _ targets: Tokens, levels: Indices, _ random: inout Random) -> Tensor {
    let batch = hidden.shape[0], tokens = hidden.shape[1], pairs = batchMultiplier * tokens
    let features = self.features(hidden, levels)
    // Rows are [batch, 2, multiplier, tokens].
    func tokenOfRow(_ copies: Int) -> [Int] {
      (0..<batch * copies * tokens).map { $0 / (copies * tokens) * tokens + $0 % tokens }
    }
    let generated = network(
      features.rows([tokenOfRow(2 * batchMultiplier)]).reshaped([2 * batch * pairs, features.shape[1]]),
      noise(batch, 2 * pairs, &random), temperature: 1
    ).reshaped([batch, 2, pairs, tokenWidth])
    func half(_ index: Int) -> Tensor {
      generated.sliced(index..<index + 1, axis: 1).reshaped([batch * pairs, tokenWidth])
    }
    let truth = tokenScale.normalize(targets.values.detached, levels: levels).reshaped([batch * tokens, tokenWidth])
      .rows([tokenOfRow(batchMultiplier)]).reshaped([batch * pairs, tokenWidth])
    let (first, second) = (half(0), half(1))
    let distances = (first - truth).rowNorms(toThe: alpha) + (second - truth).rowNorms(toThe: alpha)
    let losses = distances - (first - second).rowNorms(toThe: alpha) * trainTemperature
    return losses.reshaped([batch, batchMultiplier, tokens]).mean(axis: 1)
  }

  func sample(_ hidden: Guided, levels: Indices, at moment: Moment, _ random: inout Random) -> Draw {
    let batch = hidden.conditional.shape[0], tokens = hidden.conditional.shape[1]
    let x = network(
      features(hidden.mixed, levels), noise(batch, tokens, &random), temperature: hidden.temperature)
    return Draw(.values(tokenScale.denormalize(x.reshaped([batch, tokens, tokenWidth]), levels: levels)))
  }

  /// Features of hidden states [batch, tokens, hidden], one row for each token.
  private func features(_ hidden: Tensor, _ levels: Indices) -> Tensor {
    network.context(level(hidden, levels).reshaped([hidden.shape[0] * hidden.shape[1], hidden.shape[2]]))
  }

  /// Noise on [-1/2, 1/2): [batch x rows, noise channels].
  private func noise(_ batch: Int, _ rows: Int, _ random: inout Random) -> Tensor {
    random.uniform([batch, rows, noiseChannels], "noise").reshaped([batch * rows, noiseChannels]) - 0.5
  }
}

@section("overtone_parts") @used private let registration: Registration = { $0.registry.add(EnergyScore.self) }
