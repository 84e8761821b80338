import Autoregression
import Glibc
import Networks
import Settings
import Tensors

/// A flow for each token along straight lines from noise to the token (flow matching; Lipman et al. 2022,
/// arXiv 2210.02747; rectified flow; Liu et al. 2022, arXiv 2209.03003).
///
/// At time t in [0, 1] a token is x_t = (1 - t) noise + t x, noise at 0 and the token at 1; the network learns the
/// velocity x - noise, and sampling integrates it from 0 to 1. Guidance combines velocities, u + s (c - u). Temperature
/// scales the initial noise, the only random draw.
struct FlowMatching: TokenLoss {
  static let key = "flow-matching"
  static let about = About(
    "A small network moves each token from noise along a straight line: continuous tokens in few steps.",
    source: "Lipman et al. 2022, arXiv 2210.02747", example: "width: 64\ndepth: 2\nsteps: 10")

  /// The distribution of times in training.
  enum Times: String, Setting, CaseIterable {
    case uniform
    /// The sigmoid of a standard normal number: more of the middle (Esser et al. 2024, arXiv 2403.03206, section 3.1).
    case logitNormal = "logit-normal"
  }
  /// The integrator of the flow.
  enum Sampler: String, Setting, CaseIterable {
    /// First order: one evaluation a step.
    case euler
    /// Second order: two evaluations a step.
    case heun
  }

  let network: DenoisingNetwork
  let tokenScale: TokenScale
  /// Times drawn for each token in a training step.
  let batchMultiplier: Int
  let times: Times
  let steps: Schedule
  let sampler: Sampler
  let tokenWidth: Int

  static let checkpointNames = ["tokenScale": "spread"]

  init(_ settings: inout Settings, of space: TokenSpace, from hidden: Int, levels: Int, _ random: inout Random)
    throws(SettingsError)
  {
    let width: Int = try settings["width", default: 256, in: 1...16_384, about: "width of the MLP"]
    let depth: Int = try settings["depth", default: 3, in: 0...64, about: "residual blocks of the MLP"]
    try settings.renamed("repeats", to: "diffusion-batch-mul")
    batchMultiplier = try settings[
      "diffusion-batch-mul", default: 4, in: 1...64,
      about: "times drawn for each token in a training step (MAR: diffusion_batch_mul)"]
    try settings.renamed("times", to: "timestep-sampling")
    times = try settings[
      "timestep-sampling", default: .logitNormal,
      about: "the distribution of times in training (Esser et al. 2024: logit-normal)"]
    var sampled = settings.generationOnly
    steps = try Schedule(
      &sampled, "steps", default: .constant(25),
      about: "integration steps from noise to a token; a schedule may vary them along a generation")
    guard steps.values.allSatisfy({ (1...1000).contains($0) }) else {
      throw settings.refusal("loss 'flow-matching' takes 1 to 1000 steps.", at: "steps")
    }
    sampler = try sampled[
      "sampler", default: .euler, about: "the integrator: Euler, or Heun with two evaluations a step"]
    tokenScale = try TokenScale(&settings, levels: levels)
    try settings.renamed("levels", to: "level-conditioning")
    let conditioning: DenoisingNetwork.LevelConditioning = try settings[
      "level-conditioning", default: levels > 1 ? .scalar : .none,
      about: "how the network is conditioned on the level: not, by its index (FAR), or by a learned vector"]
    tokenWidth = space.width
    network = DenoisingNetwork(
      .init(
        tokenWidth: space.width, outputs: space.width, hidden: hidden, width: width, depth: depth,
        levelConditioning: conditioning, levels: levels), &random)
  }

  mutating func calibrate(on targets: Tokens, levels: Indices) { tokenScale.measure(targets.values, levels: levels) }

  /// Embeddings of times in [0, 1] as timesteps in [0, 1000]: [n, width].
  private func timeEmbedding(_ times: [Float]) -> Tensor { network.timeEmbedding(at: times.map { 1000 * Double($0) }) }

  // MARK: Training

  var trainingEvaluations: Int { batchMultiplier }

  /// Mean squared error of the velocity of each token: [batch, tokens].
  func callAsFunction(_ hidden: Tensor, _ targets: Tokens, levels: Indices, _ random: inout Random) -> Tensor {
    let time = drawTimes([hidden.shape[0], batchMultiplier * hidden.shape[1]], &random)
    return losses(hidden, targets, levels: levels, at: time, &random)
  }

  func loss(_ hidden: Tensor, _ targets: Tokens, levels: Indices, noise: Float, _ random: inout Random) -> Tensor? {
    let time = Array(repeating: 1 - noise, count: hidden.shape[0] * batchMultiplier * hidden.shape[1])
    return losses(hidden, targets, levels: levels, at: time, &random)
  }

  /// The loss of each token, the mean over times [batch x multiplier x tokens], 0 noise and 1 the token:
  /// [batch, tokens].
  private func losses(
    _ hidden: Tensor, _ targets: Tokens, levels: Indices, at time: [Float], _ random: inout Random
  ) -> Tensor {
    let batch = hidden.shape[0], tokens = hidden.shape[1], rows = batch * tokens, all = rows * batchMultiplier
    let noise = random.normal([batch, batchMultiplier * tokens, tokenWidth], "noise").reshaped([all, tokenWidth])
    // The context is embedded once for each token and used by every repetition.
    let context = network.contextEmbedding(hidden.reshaped([rows, hidden.shape[2]]), levels: levels.flatMap { $0 })
    func repeated(_ x: Tensor) -> Tensor {
      let width = x.count / rows
      // [batch, multiplier, tokens, width], then [batch x multiplier x tokens, width]
      return (x.reshaped([batch, 1, tokens, width]) + Tensor(zeros: [batch, batchMultiplier, tokens, width]))
        .reshaped([all, width])
    }
    let x = repeated(tokenScale.normalize(targets.values.detached, levels: levels)), t = Tensor([all, 1], time)
    let velocity = network(noise + (x - noise) * t, repeated(context) + timeEmbedding(time))
    return (velocity - (x - noise)).squared.mean(axis: 1).reshaped([batch, batchMultiplier, tokens]).mean(axis: 1)
  }

  private func drawTimes(_ shape: [Int], _ random: inout Random) -> [Float] {
    switch times {
    case .uniform: random.uniform(shape, "time").scalars
    case .logitNormal: random.normal(shape, "time").scalars.map { 1 / (1 + expf(-$0)) }
    }
  }

  // MARK: Sampling

  private func steps(at moment: Moment) -> Int { max(1, Int(steps(moment).rounded())) }

  func evaluations(at moment: Moment) -> Int { steps(at: moment) * (sampler == .heun ? 2 : 1) }

  /// Values of tokens by integration of the velocity from noise.
  func sample(_ hidden: Guided, levels: Indices, at moment: Moment, _ random: inout Random) -> Draw {
    let batch = hidden.conditional.shape[0], tokens = hidden.conditional.shape[1], rows = batch * tokens
    let levelOfRow = levels.flatMap { $0 }, count = steps(at: moment), step = 1 / Float(count)
    func context(_ z: Tensor) -> Tensor {
      network.contextEmbedding(z.reshaped([rows, z.shape[2]]), levels: levelOfRow)
    }
    let conditional = context(hidden.conditional)
    let unconditional = hidden.scale == 1 ? nil : hidden.unconditional.map(context)
    func velocity(_ x: Tensor, _ time: Float) -> Tensor {
      let time = timeEmbedding([time]), c = network(x, conditional + time)
      guard let unconditional else { return c }
      let u = network(x, unconditional + time)
      return u + (c - u) * hidden.scale
    }
    var x = random.normal([batch, tokens, tokenWidth], "initial").reshaped([rows, tokenWidth]) * hidden.temperature
    for number in 0..<count {
      let start = velocity(x, Float(number) * step)
      switch sampler {
      case .euler: x = x + start * step
      case .heun:
        let end = velocity(x + start * step, Float(number + 1) * step)
        x = x + (start + end) * (step / 2)
      }
    }
    return Draw(.values(tokenScale.denormalize(x.reshaped([batch, tokens, tokenWidth]), levels: levels)))
  }
}

@section("overtone_parts") @used private let registration: Registration = { $0.registry.add(FlowMatching.self) }
