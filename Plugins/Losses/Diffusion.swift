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
  let repeats: Int
  /// Denoising steps along a generation; a list stands for counts of equal sections of the schedule.
  let steps: Schedule
  let sections: [Int]?
  let sampler: Sampler
  let clamp: Clamp
  let tokenWidth: Int
  /// [2, token width]: the smallest and largest value of each channel, of tokens divided by their spread.
  let range: Statistic
  let spread: Spread

  init(_ settings: inout Settings, of space: TokenSpace, from hidden: Int, levels: Int, _ random: inout Random)
    throws(SettingsError)
  {
    let preset: DiffusionPreset = try settings[
      "preset", default: .none, about: "a paper's width and depth as defaults (MAR, arXiv 2406.11838; FAR)"]
    let width: Int = try settings[
      "width", default: preset.size.width, in: 1...16_384, about: "width of the denoising network"]
    let depth: Int = try settings[
      "depth", default: preset.size.depth, in: 0...64, about: "residual blocks of the denoising network"]
    repeats = try settings["repeats", default: 4, in: 1...64, about: "timesteps drawn per token in a training step"]
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
    spread = try Spread(&settings, levels: levels)
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
    spread.measure(answers.values, levels: levels)
    let scalars = spread.narrowed(answers.values, levels: levels).scalars
    var low = [Float](repeating: .infinity, count: tokenWidth), high = low.map { -$0 }
    for (i, value) in scalars.enumerated() {
      low[i % tokenWidth] = min(low[i % tokenWidth], value)
      high[i % tokenWidth] = max(high[i % tokenWidth], value)
    }
    range.replace(Tensor([2, tokenWidth], low + high))
  }

  // MARK: Training

  func callAsFunction(_ hidden: Tensor, _ answers: Tokens, levels: Indices, _ random: inout Random) -> Tensor {
    let batch = hidden.shape[0], asked = hidden.shape[1], rows = batch * asked
    let times = random.integers(in: 0..<schedule.count, count: repeats * asked, "timestep")
    let noise = random.normal([batch, repeats * asked, tokenWidth], "noise")
    // The context is embedded once per token and used by every repeat: [batch, repeats, asked, width].
    let embedded = network.contextEmbedding(hidden.reshaped([rows, hidden.shape[2]]), levels: levels.flatMap { $0 })
    let context = repeated(embedded.reshaped([batch, 1, asked, embedded.shape[1]]))
    let clean = repeated(
      spread.narrowed(answers.values.detached, levels: levels).reshaped([batch, 1, asked, tokenWidth]))
    let losses = rowLosses(
      clean: clean.reshaped([rows * repeats, tokenWidth]), noise: noise.reshaped([rows * repeats, tokenWidth]),
      timesteps: times.flatMap { $0 }, context: context.reshaped([rows * repeats, embedded.shape[1]]))
    return losses.total.reshaped([batch, repeats, asked]).mean(axis: 1)
  }

  /// [batch, 1, asked, width] to [batch, repeats, asked, width].
  private func repeated(_ x: Tensor) -> Tensor { x + Tensor(zeros: [x.shape[0], repeats, x.shape[2], x.shape[3]]) }

  /// The two parts of the loss of each row, and what the network said: clean, noise [n, width]; [n].
  func rowLosses(clean: Tensor, noise: Tensor, timesteps: [Int], context: Tensor) -> (
    total: Tensor, mse: Tensor, bound: Tensor, output: Tensor
  ) {
    let noisy = clean * perRow(schedule.sqrtKept, timesteps) + noise * perRow(schedule.sqrtLost, timesteps)
    let output = network(noisy, context + network.timeEmbedding(timesteps))
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
    let n = timesteps.count, width = tokenWidth
    let (cleanWeight, noisyWeight) = (schedule.cleanWeight, schedule.noisyWeight)
    let (reciprocal, reciprocalLess) = (schedule.sqrtReciprocal, schedule.sqrtReciprocalLess)
    let (logBeta, logPosterior) = (schedule.betas.map { log($0) }, schedule.posteriorLogVariance)
    // Value and slope in one pass, in double precision: at small timesteps the terms nearly cancel.
    var bits = [Float](repeating: 0, count: n), slopes = [Float](repeating: 0, count: n * width)
    let (x0, x, e, v) = (clean.scalars, noisy.scalars, predicted.scalars, variance.scalars)
    for row in 0..<n {
      let t = timesteps[row]
      var sum = 0.0
      for c in 0..<width {
        let i = row * width + c
        let cleanGuess = reciprocal[t] * Double(x[i]) - reciprocalLess[t] * Double(e[i])
        let mean = cleanWeight[t] * cleanGuess + noisyWeight[t] * Double(x[i])
        let span = logBeta[t] - logPosterior[t], share = (Double(v[i]) + 1) / 2
        let logVariance = share * logBeta[t] + (1 - share) * logPosterior[t]
        let (value, slope): (Double, Double)
        if t > 0 {
          let trueMean = cleanWeight[t] * Double(x0[i]) + noisyWeight[t] * Double(x[i])
          let gap = (trueMean - mean) * (trueMean - mean) * exp(-logVariance),
            spread = exp(logPosterior[t] - logVariance)
          value = 0.5 * (-1 + logVariance - logPosterior[t] + spread + gap)
          slope = 0.5 * (1 - spread - gap)
        } else {
          (value, slope) = binned(Double(x0[i]), mean, logVariance)
        }
        sum += value
        slopes[i] = Float(slope * span / 2 / 0.693_147_180_559_945_3 / Double(width))
      }
      bits[row] = Float(sum / Double(width) / 0.693_147_180_559_945_3)
    }
    let back = Tensor([n, width], slopes)
    return Tensor([n], bits).from([variance]) { [$0.reshaped([n, 1]) * back] }
  }

  /// Minus the log-probability of the bin of half-width 1/255 around a value, and its derivative by the log-variance.
  private func binned(_ x: Double, _ mean: Double, _ logVariance: Double) -> (Double, Double) {
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

  func sample(_ hidden: Guided, levels: Indices, at moment: Moment, _ random: inout Random) -> Draw {
    let batch = hidden.conditional.shape[0], asked = hidden.conditional.shape[1], rows = batch * asked
    let counts = sections ?? [Int(steps(moment).rounded())]
    let spaced = schedule.respaced(to: NoiseSchedule.steps(counts, of: schedule.count) ?? Array(0..<schedule.count))
    let flat = levels.flatMap { $0 }
    func context(_ z: Tensor) -> Tensor { network.contextEmbedding(z.reshaped([rows, z.shape[2]]), levels: flat) }
    let withCondition = context(hidden.conditional),
      without = hidden.scale == 1 ? nil : hidden.unconditional.map(context)
    var x = random.normal([batch, asked, tokenWidth], "initial").reshaped([rows, tokenWidth])
    for index in (0..<spaced.count).reversed() {
      let noise =
        sampler == .ancestral
        ? random.normal([batch, asked, tokenWidth], "denoising").reshaped([rows, tokenWidth]) : nil
      x = earlier(x, noise, index, spaced, withCondition, without, hidden.scale, hidden.temperature)
    }
    return Draw(.values(spread.widened(x.reshaped([batch, asked, tokenWidth]), levels: levels)))
  }

  /// The tokens one step of the schedule earlier, [n, width].
  private func earlier(
    _ x: Tensor, _ noise: Tensor?, _ index: Int, _ spaced: NoiseSchedule, _ context: Tensor, _ without: Tensor?,
    _ guidance: Float, _ temperature: Float
  ) -> Tensor {
    let time = network.timeEmbedding([spaced.timesteps[index]])
    let output = network(x, context + time)
    var predicted = output.sliced(0..<tokenWidth, axis: 1)
    if let without {
      let free = network(x, without + time).sliced(0..<tokenWidth, axis: 1)
      predicted = free + (predicted - free) * guidance
    }
    let clean = clamped(
      x * Float(spaced.sqrtReciprocal[index]) - predicted * Float(spaced.sqrtReciprocalLess[index]))
    guard let noise else {
      // DDIM without noise (Song et al. 2020, arXiv 2010.02502, eq. 12 with sigma 0).
      let direction = (x * Float(spaced.sqrtReciprocal[index]) - clean) * Float(1 / spaced.sqrtReciprocalLess[index])
      let before = spaced.keptBefore[index]
      return clean * Float(before.squareRoot()) + direction * Float((1 - before).squareRoot())
    }
    let mean = clean * Float(spaced.cleanWeight[index]) + x * Float(spaced.noisyWeight[index])
    guard index > 0 else { return mean }
    let share = output.sliced(tokenWidth..<2 * tokenWidth, axis: 1) * 0.5 + 0.5
    let low = Float(spaced.posteriorLogVariance[index]), span = Float(log(spaced.betas[index])) - low
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
