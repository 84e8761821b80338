import Autoregression
import Networks
import Settings
import Tensors

/// A diffusion process for each token, conditioned on the backbone's hidden features (diffusion loss; Li et al. 2024,
/// MAR, arXiv 2406.11838). The network predicts the noise and an interpolation of the log-variance (Nichol and
/// Dhariwal 2021, arXiv 2102.09672).
struct Diffusion: TokenLoss {
  static let key = "diffusion"
  static let about = About(
    "A small network denoises each token: continuous tokens without a codebook.",
    source: "Li et al. 2024 (MAR), arXiv 2406.11838", example: "width: 64\ndepth: 2\nsteps: 25")

  /// The reverse process.
  enum Sampler: String, Setting, CaseIterable {
    /// DDPM (Ho et al. 2020, algorithm 2), with the learned variance.
    case ancestral
    /// DDIM without noise (Song et al. 2020, arXiv 2010.02502).
    case ddim
  }
  /// Bounds of the predicted x_0.
  enum Clipping: String, Setting, CaseIterable {
    /// The range of each channel over real tokens.
    case dataRange = "data-range"
    /// No bounds, as in the papers' code.
    case none

    static let renamedChoices = ["measured": "data-range"]
  }

  let network: DenoisingNetwork
  let schedule: NoiseSchedule
  /// Timesteps drawn for each token in a training step.
  let batchMultiplier: Int
  let steps: DenoisingSteps
  let sampler: Sampler
  let clipping: Clipping
  let tokenWidth: Int
  /// [2, token width]: minimum and maximum of each channel over normalized tokens.
  let range: Statistic
  let tokenScale: TokenScale

  static let checkpointNames = ["tokenScale": "spread"]

  init(_ settings: inout Settings, of space: TokenSpace, from hidden: Int, levels: Int, _ random: inout Random)
    throws(SettingsError)
  {
    let preset: DiffusionPreset = try settings[
      "preset", default: .none, about: "a paper's width and depth as defaults (MAR, arXiv 2406.11838; FAR)"]
    let width: Int = try settings[
      "width", default: preset.size.width, in: 1...16_384, about: "width of the denoising MLP (MAR: diffloss_w)"]
    let depth: Int = try settings[
      "depth", default: preset.size.depth, in: 0...64,
      about: "residual blocks of the denoising MLP (MAR: diffloss_d)"]
    try settings.renamed("repeats", to: "diffusion-batch-mul")
    batchMultiplier = try settings[
      "diffusion-batch-mul", default: 4, in: 1...64,
      about: "timesteps drawn for each token in a training step (MAR: diffusion_batch_mul)"]
    try settings.renamed("noise", to: "noise-schedule")
    let kind: NoiseSchedule.Kind = try settings[
      "noise-schedule", default: .cosine, about: "how beta grows with the timestep"]
    schedule = NoiseSchedule(kind)
    var sampled = settings.generationOnly
    steps = try DenoisingSteps(&sampled, of: schedule.count)
    sampler = try sampled[
      "sampler", default: .ancestral, about: "the reverse process: ancestral (DDPM) or deterministic (DDIM)"]
    try sampled.renamed("clamp", to: "clip-denoised")
    clipping = try sampled[
      "clip-denoised", default: .dataRange,
      about: "clip predictions of x_0 to the range of real tokens; 'none' as in the papers' code"]
    try settings.renamed("levels", to: "level-conditioning")
    let conditioning: DenoisingNetwork.LevelConditioning = try settings[
      "level-conditioning", default: levels > 1 ? .scalar : .none,
      about: "how the network is conditioned on the level: not, by its index (FAR), or by a learned vector"]
    tokenScale = try TokenScale(&settings, levels: levels)
    tokenWidth = space.width
    network = DenoisingNetwork(
      .init(
        tokenWidth: space.width, outputs: 2 * space.width, hidden: hidden, width: width, depth: depth,
        levelConditioning: conditioning, levels: levels), &random)
    range = Statistic(
      Tensor(
        [2, space.width],
        Array(repeating: -Float.greatestFiniteMagnitude, count: space.width)
          + Array(repeating: Float.greatestFiniteMagnitude, count: space.width)))
  }

  mutating func calibrate(on targets: Tokens, levels: Indices) {
    tokenScale.measure(targets.values, levels: levels)
    let scalars = tokenScale.normalize(targets.values, levels: levels).scalars
    var minimum = [Float](repeating: .infinity, count: tokenWidth), maximum = minimum.map { -$0 }
    for (i, value) in scalars.enumerated() {
      minimum[i % tokenWidth] = min(minimum[i % tokenWidth], value)
      maximum[i % tokenWidth] = max(maximum[i % tokenWidth], value)
    }
    range.replace(Tensor([2, tokenWidth], minimum + maximum))
  }

  // MARK: Training

  var trainingEvaluations: Int { batchMultiplier }

  /// The loss of each token, [batch, tokens], at timesteps drawn uniformly.
  func callAsFunction(_ hidden: Tensor, _ targets: Tokens, levels: Indices, _ random: inout Random) -> Tensor {
    let timesteps = random.integers(in: 0..<schedule.count, count: batchMultiplier * hidden.shape[1], "timestep")
    return losses(hidden, targets, levels: levels, at: timesteps, &random)
  }

  /// The loss of each token at the timestep below which the fraction `noise` of all timesteps lies.
  func loss(_ hidden: Tensor, _ targets: Tokens, levels: Indices, noise: Float, _ random: inout Random) -> Tensor? {
    let timestep = min(schedule.count - 1, Int(noise * Float(schedule.count)))
    let timesteps = Array(
      repeating: Array(repeating: timestep, count: batchMultiplier * hidden.shape[1]), count: hidden.shape[0])
    return losses(hidden, targets, levels: levels, at: timesteps, &random)
  }

  /// The loss of each token, the mean over timesteps [batch][multiplier x tokens]: [batch, tokens].
  private func losses(
    _ hidden: Tensor, _ targets: Tokens, levels: Indices, at timesteps: Indices, _ random: inout Random
  ) -> Tensor {
    let batch = hidden.shape[0], tokens = hidden.shape[1], rows = batch * tokens
    let noise = random.normal([batch, batchMultiplier * tokens, tokenWidth], "noise")
    // The context is embedded once for each token and used by every repetition; rows are [batch, multiplier, tokens].
    let context = network.contextEmbedding(hidden.reshaped([rows, hidden.shape[2]]), levels: levels.flatMap { $0 })
    let tokenOfRow = (0..<rows * batchMultiplier).map { $0 / (batchMultiplier * tokens) * tokens + $0 % tokens }
    let xStart = tokenScale.normalize(targets.values.detached, levels: levels)
      .reshaped([rows, tokenWidth]).rows([tokenOfRow])
    let losses = rowLosses(
      xStart: xStart.reshaped([rows * batchMultiplier, tokenWidth]),
      noise: noise.reshaped([rows * batchMultiplier, tokenWidth]), timesteps: timesteps.flatMap { $0 },
      context: context, of: tokenOfRow)
    return losses.reshaped([batch, batchMultiplier, tokens]).mean(axis: 1)
  }

  /// Squared error of the predicted noise plus the variational bound of the variance, of rows x_0 and noise [n, width]:
  /// [n]. Row i is conditioned on row tokenOfRow[i] of the context embeddings.
  private func rowLosses(
    xStart: Tensor, noise: Tensor, timesteps: [Int], context: Tensor, of tokenOfRow: [Int]
  ) -> Tensor {
    let noisy =
      xStart * perRow(schedule.sqrtAlphasCumprod, timesteps)
      + noise * perRow(schedule.sqrtOneMinusAlphasCumprod, timesteps)
    let output = network(noisy, network.embedding(context, of: tokenOfRow, at: timesteps))  // [n, 2 width]
    let predicted = output.sliced(0..<tokenWidth, axis: 1)
    let error = (noise - predicted).squared.mean(axis: 1)
    let bound = VariationalBound(schedule: schedule, timesteps: timesteps)(
      xStart: xStart, noisy: noisy, predictedNoise: predicted.detached,
      variance: output.sliced(tokenWidth..<2 * tokenWidth, axis: 1))
    return error + bound
  }

  /// The constant of the schedule at the timestep of each row: [n, 1].
  private func perRow(_ constants: [Double], _ timesteps: [Int]) -> Tensor {
    Tensor([timesteps.count, 1], timesteps.map { Float(constants[$0]) })
  }
}

extension DenoisingNetwork.LevelConditioning: Setting {}
extension NoiseSchedule.Kind: Setting {}

@section("overtone_parts") @used private let registration: Registration = { $0.registry.add(Diffusion.self) }
