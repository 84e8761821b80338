import Autoregression
import Glibc
import Networks
import Settings
import Tensors

/// A small diffusion for each token, given what the backbone says of its place
/// (diffusion loss; Li et al. 2024, MAR, arXiv 2406.11838).
struct Diffusion: TokenLoss {
  static let key = "diffusion"
  static let about = About(
    "A small network denoises each token: continuous tokens without a codebook.",
    source: "Li et al. 2024 (MAR), arXiv 2406.11838", example: "width: 64\ndepth: 2\nsteps: 25")

  enum Sampler: String, Setting, CaseIterable { case ancestral, ddim }
  enum Clamp: String, Setting, CaseIterable {
    /// The predicted clean token is moved into the range that real tokens were seen to have.
    case measured
    /// As the papers' code does: never.
    case none
  }

  let network: DenoisingNetwork
  let schedule: NoiseSchedule
  let batchMultiplier: Int
  /// Denoising steps along a generation; a list stands for counts of equal sections of the schedule.
  let steps: Schedule
  let sections: [Int]?
  let sampler: Sampler
  let clamp: Clamp
  let tokenWidth: Int
  /// [2, token width]: the smallest and largest value of each channel, of tokens divided by their spread.
  let range: Statistic
  let tokenScale: TokenScale

  static let checkpointNames = ["tokenScale": "spread"]

  init(_ settings: inout Settings, of space: TokenSpace, from hidden: Int, levels: Int, _ random: inout Random)
    throws(SettingsError)
  {
    let preset: DiffusionPreset = try settings[
      "preset", default: .none, about: "a paper's width and depth as defaults (MAR, arXiv 2406.11838; FAR)"]
    let width: Int = try settings[
      "width", default: preset.size.width, in: 1...16_384, about: "width of the denoising network"]
    let depth: Int = try settings[
      "depth", default: preset.size.depth, in: 0...64, about: "residual blocks of the denoising network"]
    batchMultiplier = try settings[
      "repeats", default: 4, in: 1...64, about: "timesteps drawn per token in a training step"]
    let kind: NoiseSchedule.Kind = try settings["noise", default: .cosine, about: "how noise grows with the timestep"]
    let schedule = NoiseSchedule(kind)
    self.schedule = schedule
    var sampled = settings.generationOnly
    if settings.isList("steps") {
      let counts: [Int] = try sampled[
        required: "steps", about: "denoising steps, or steps in each equal section of the schedule"]
      guard !counts.isEmpty, NoiseSchedule.steps(counts, of: schedule.count) != nil else {
        throw settings.refusal(
          "loss 'diffusion' has \(schedule.count) timesteps in \(counts.count) sections; each section takes 1 to \(schedule.count / max(1, counts.count)) steps.",
          at: "steps")
      }
      sections = counts
      steps = .constant(Float(counts.reduce(0, +)))
    } else {
      sections = nil
      steps = try Schedule(
        &sampled, "steps", default: .constant(100),
        about: "denoising steps of a token; a schedule may vary them along a generation")
      guard steps.values.allSatisfy({ (1...Float(schedule.count)).contains($0) }) else {
        throw settings.refusal("loss 'diffusion' takes 1 to \(schedule.count) denoising steps.", at: "steps")
      }
    }
    sampler = try sampled["sampler", default: .ancestral, about: "how a step is undone"]
    clamp = try sampled[
      "clamp", default: .measured,
      about: "keep predicted tokens in the range that real ones have; 'none' is the papers' exact behaviour"]
    let told: DenoisingNetwork.Levels = try settings[
      "levels", default: levels > 1 ? .scalar : .none, about: "how the level reaches the network"]
    tokenScale = try TokenScale(&settings, levels: levels)
    tokenWidth = space.width
    network = DenoisingNetwork(
      tokenWidth: space.width, outputs: 2 * space.width, hidden: hidden, width: width, depth: depth, levels: told,
      levelCount: levels, &random)
    range = Statistic(
      Tensor(
        [2, space.width],
        Array(repeating: -Float.greatestFiniteMagnitude, count: space.width)
          + Array(repeating: Float.greatestFiniteMagnitude, count: space.width)))
  }

  mutating func calibrate(on answers: Tokens, levels: Indices) {
    tokenScale.measure(answers.values, levels: levels)
    let scalars = tokenScale.normalize(answers.values, levels: levels).scalars
    var low = [Float](repeating: .infinity, count: tokenWidth), high = low.map { -$0 }
    for (i, value) in scalars.enumerated() {
      low[i % tokenWidth] = min(low[i % tokenWidth], value)
      high[i % tokenWidth] = max(high[i % tokenWidth], value)
    }
    range.replace(Tensor([2, tokenWidth], low + high))
  }

  var trainingEvaluations: Int { batchMultiplier }

  // MARK: Training

  func callAsFunction(_ hidden: Tensor, _ answers: Tokens, levels: Indices, _ random: inout Random) -> Tensor {
    let times = random.integers(in: 0..<schedule.count, count: batchMultiplier * hidden.shape[1], "timestep")
    return losses(hidden, answers, levels: levels, at: times, &random)
  }

  /// At the timestep that so large a share of all lies below.
  func loss(_ hidden: Tensor, _ answers: Tokens, levels: Indices, noise: Float, _ random: inout Random) -> Tensor? {
    let time = min(schedule.count - 1, Int(noise * Float(schedule.count)))
    let times = Array(
      repeating: Array(repeating: time, count: batchMultiplier * hidden.shape[1]), count: hidden.shape[0])
    return losses(hidden, answers, levels: levels, at: times, &random)
  }

  /// `times` [batch][multiplier x asked]
  private func losses(
    _ hidden: Tensor, _ answers: Tokens, levels: Indices, at times: Indices, _ random: inout Random
  ) -> Tensor {
    let batch = hidden.shape[0], asked = hidden.shape[1], rows = batch * asked
    let noise = random.normal([batch, batchMultiplier * asked, tokenWidth], "noise")
    // The context is embedded once per token and used by every repeat: rows are [batch, batchMultiplier, asked].
    let embedded = network.contextEmbedding(hidden.reshaped([rows, hidden.shape[2]]), levels: levels.flatMap { $0 })
    let places = (0..<rows * batchMultiplier).map { $0 / (batchMultiplier * asked) * asked + $0 % asked }
    let clean = tokenScale.normalize(answers.values.detached, levels: levels).reshaped([rows, tokenWidth]).rows([places]
    )
    let losses = rowLosses(
      clean: clean.reshaped([rows * batchMultiplier, tokenWidth]),
      noise: noise.reshaped([rows * batchMultiplier, tokenWidth]),
      timesteps: times.flatMap { $0 }, context: embedded, of: places)
    return losses.total.reshaped([batch, batchMultiplier, asked]).mean(axis: 1)
  }

  /// The two parts of the loss of each row, and what the network said: clean, noise [n, width]; [n]. Row i is told row
  /// places[i] of the context.
  func rowLosses(clean: Tensor, noise: Tensor, timesteps: [Int], context: Tensor, of places: [Int]) -> (
    total: Tensor, mse: Tensor, bound: Tensor, output: Tensor
  ) {
    let noisy =
      clean * perRow(schedule.sqrtAlphasCumprod, timesteps) + noise
      * perRow(schedule.sqrtOneMinusAlphasCumprod, timesteps)
    let output = network(noisy, network.embedding(context, of: places, at: timesteps))
    let predicted = output.sliced(0..<tokenWidth, axis: 1)
    let mse = (noise - predicted).squared.mean(axis: 1)
    let bound = variationalBound(
      clean: clean, noisy: noisy, predicted: predicted.detached,
      variance: output.sliced(tokenWidth..<2 * tokenWidth, axis: 1),
      timesteps: timesteps)
    return (mse + bound, mse, bound, output)
  }

  /// One constant of the schedule for each row: [n, 1].
  private func perRow(_ constants: [Double], _ timesteps: [Int]) -> Tensor {
    Tensor([timesteps.count, 1], timesteps.map { Float(constants[$0]) })
  }

  /// Bits per channel that the variance costs (Nichol and Dhariwal 2021, section 3.1); only the variance gets a gradient.
  private func variationalBound(clean: Tensor, noisy: Tensor, predicted: Tensor, variance: Tensor, timesteps: [Int])
    -> Tensor
  {
    let width = tokenWidth, schedule = schedule
    // Value and slope in one pass, in double precision: at small timesteps the terms nearly cancel.
    let made = Tensor.rowwise([clean, noisy, predicted, variance], outputs: [1, width], cost: 200 * width) {
      row, from, to in
      let t = timesteps[row], (x0, x, e, v) = (from[0], from[1], from[2], from[3])
      let logBeta = schedule.logBetas[t], logPosterior = schedule.posteriorLogVarianceClipped[t],
        span = logBeta - logPosterior
      let posteriorMeanCoef1 = schedule.posteriorMeanCoef1[t], posteriorMeanCoef2 = schedule.posteriorMeanCoef2[t]
      let reciprocal = schedule.sqrtRecipAlphasCumprod[t], reciprocalLess = schedule.sqrtRecipm1AlphasCumprod[t]
      var sum = 0.0
      for i in 0..<width {
        let guess = reciprocal * Double(x[i]) - reciprocalLess * Double(e[i])
        let mean = posteriorMeanCoef1 * guess + posteriorMeanCoef2 * Double(x[i])
        let share = (Double(v[i]) + 1) / 2, logVariance = share * logBeta + (1 - share) * logPosterior
        let (value, slope): (Double, Double)
        if t > 0 {
          let trueMean = posteriorMeanCoef1 * Double(x0[i]) + posteriorMeanCoef2 * Double(x[i])
          let gap = (trueMean - mean) * (trueMean - mean) * exp(-logVariance), spread = exp(logPosterior - logVariance)
          value = 0.5 * (-1 + logVariance - logPosterior + spread + gap)
          slope = 0.5 * (1 - spread - gap)
        } else {
          (value, slope) = Self.binned(Double(x0[i]), mean, logVariance)
        }
        sum += value
        to[1][i] = Float(slope * span / 2 / 0.693_147_180_559_945_3 / Double(width))
      }
      to[0][0] = Float(sum / Double(width) / 0.693_147_180_559_945_3)
    }
    let n = timesteps.count
    return made[0].reshaped([n]).from([variance]) { [$0.reshaped([n, 1]) * made[1]] }
  }

  /// Minus the log-probability of the bin of half-width 1/255 around a value, and its derivative by the log-variance.
  private static func binned(_ x: Double, _ mean: Double, _ logVariance: Double) -> (Double, Double) {
    let scale = exp(-0.5 * logVariance)
    // Phi(z) by its tanh form; dPhi/dlogVariance = Phi'(z) dz/dlogVariance = -z/2 Phi'(z).
    func below(_ z: Double) -> (Double, Double) {
      let k = (2 / Double.pi).squareRoot(), t = tanh(k * (z + 0.044715 * z * z * z))
      return (0.5 * (1 + t), -z / 2 * 0.5 * (1 - t * t) * k * (1 + 3 * 0.044715 * z * z))
    }
    let upper = below((x - mean + 1 / 255) * scale), lower = below((x - mean - 1 / 255) * scale)
    let (share, slope) =
      x < -0.999 ? upper : x > 0.999 ? (1 - lower.0, -lower.1) : (upper.0 - lower.0, upper.1 - lower.1)
    return share > 1e-12 ? (-log(share), -slope / share) : (-log(1e-12), 0)
  }

  // MARK: Sampling

  func evaluations(at moment: Moment) -> Int { sections?.reduce(0, +) ?? Int(steps(moment).rounded()) }

  func sample(_ hidden: Guided, levels: Indices, at moment: Moment, _ random: inout Random) -> Draw {
    let batch = hidden.conditional.shape[0], asked = hidden.conditional.shape[1], rows = batch * asked
    let counts = sections ?? [Int(steps(moment).rounded())]
    let spaced = schedule.respaced(to: NoiseSchedule.steps(counts, of: schedule.count) ?? Array(0..<schedule.count))
    let flat = levels.flatMap { $0 }
    func context(_ z: Tensor) -> Tensor { network.contextEmbedding(z.reshaped([rows, z.shape[2]]), levels: flat) }
    // With guidance one batch of twice the rows: those with the condition, then those without.
    let free = hidden.scale == 1 ? nil : hidden.unconditional.map(context), told = context(hidden.conditional)
    let contexts = free.map { Tensor.concatenated([told, $0], axis: 0) } ?? told
    let times = network.timeEmbedding(spaced.timesteps)
    var x = random.normal([batch, asked, tokenWidth], "initial").reshaped([rows, tokenWidth])
    for index in (0..<spaced.count).reversed() {
      let noise =
        sampler == .ancestral
        ? random.normal([batch, asked, tokenWidth], "denoising").reshaped([rows, tokenWidth]) : nil
      let output = network(x, contexts + times.sliced(index..<index + 1, axis: 0))
      x = earlier(x, noise, index, spaced, output, hidden.scale, hidden.temperature)
    }
    return Draw(.values(tokenScale.denormalize(x.reshaped([batch, asked, tokenWidth]), levels: levels)))
  }

  /// The tokens one step of the schedule earlier, [n, width], from what the network says of them: [n or 2 n, outputs].
  private func earlier(
    _ x: Tensor, _ noise: Tensor?, _ index: Int, _ spaced: NoiseSchedule, _ said: Tensor, _ guidance: Float,
    _ temperature: Float
  ) -> Tensor {
    let n = x.shape[0], output = said.sliced(0..<n, axis: 0)
    var predicted = output.sliced(0..<tokenWidth, axis: 1)
    if said.shape[0] > n {
      let free = said.sliced(n..<2 * n, axis: 0).sliced(0..<tokenWidth, axis: 1)
      predicted = free + (predicted - free) * guidance
    }
    let clean = clamped(
      x * Float(spaced.sqrtRecipAlphasCumprod[index]) - predicted * Float(spaced.sqrtRecipm1AlphasCumprod[index]))
    guard let noise else {
      // DDIM without noise (Song et al. 2020, arXiv 2010.02502, eq. 12 with sigma 0).
      let direction =
        (x * Float(spaced.sqrtRecipAlphasCumprod[index]) - clean) * Float(1 / spaced.sqrtRecipm1AlphasCumprod[index])
      let before = spaced.alphasCumprodPrev[index]
      return clean * Float(before.squareRoot()) + direction * Float((1 - before).squareRoot())
    }
    let mean = clean * Float(spaced.posteriorMeanCoef1[index]) + x * Float(spaced.posteriorMeanCoef2[index])
    guard index > 0 else { return mean }
    let share = output.sliced(tokenWidth..<2 * tokenWidth, axis: 1) * 0.5 + 0.5
    let low = Float(spaced.posteriorLogVarianceClipped[index]), span = Float(spaced.logBetas[index]) - low
    return mean + ((share * span + low) * 0.5).exponential * noise * temperature
  }

  private func clamped(_ clean: Tensor) -> Tensor {
    guard clamp == .measured else { return clean }
    let bounds = range.value.scalars
    return Tensor(unfilled: clean.shape) { target in
      clean.withUnsafeScalars { source in
        for i in source.indices {
          target[i] = min(max(source[i], bounds[i % tokenWidth]), bounds[tokenWidth + i % tokenWidth])
        }
      }
    }
  }
}

extension DenoisingNetwork.Levels: Setting {}
extension NoiseSchedule.Kind: Setting {}

@section("overtone_parts") @used private let registration: Registration = { $0.registry.add(Diffusion.self) }
