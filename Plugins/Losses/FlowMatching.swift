import Autoregression
import Glibc
import Networks
import Settings
import Tensors

/// A small flow for each token, along straight lines from noise to the token
/// (flow matching; Lipman et al. 2022, arXiv 2210.02747; rectified flow; Liu et al. 2022, arXiv 2209.03003).
///
/// At time t in [0, 1] a token is x_t = (1 - t) noise + t x, noise at 0 and the token at 1; the network learns the
/// velocity x - noise, and sampling follows it from 0 to 1. Guidance mixes velocities, u + s (c - u). Temperature scales
/// the noise at the start, the only thing that is drawn.
struct FlowMatching: TokenLoss {
  static let key = "flow-matching"
  static let about = About(
    "A small network moves each token from noise along a straight line: continuous tokens in few steps.",
    source: "Lipman et al. 2022, arXiv 2210.02747", example: "width: 64\ndepth: 2\nsteps: 10")

  enum Times: String, Setting, CaseIterable {
    case uniform
    /// The sigmoid of a standard normal number: more of the middle (Esser et al. 2024, arXiv 2403.03206, section 3.1).
    case logitNormal = "logit-normal"
  }
  enum Sampler: String, Setting, CaseIterable {
    /// One evaluation a step, of first order.
    case euler
    /// Two evaluations a step, of second order.
    case heun
  }

  let network: DenoisingNetwork
  let tokenScale: TokenScale
  let batchMultiplier: Int
  let times: Times
  let steps: Schedule
  let sampler: Sampler
  let tokenWidth: Int

  static let checkpointNames = ["tokenScale": "spread"]

  init(_ settings: inout Settings, of space: TokenSpace, from hidden: Int, levels: Int, _ random: inout Random)
    throws(SettingsError)
  {
    let width: Int = try settings["width", default: 256, in: 1...16_384, about: "width of the network"]
    let depth: Int = try settings["depth", default: 3, in: 0...64, about: "residual blocks of the network"]
    batchMultiplier = try settings["repeats", default: 4, in: 1...64, about: "times drawn per token in a training step"]
    times = try settings["times", default: .logitNormal, about: "how times are drawn in training"]
    var sampled = settings.generationOnly
    steps = try Schedule(
      &sampled, "steps", default: .constant(25),
      about: "steps from noise to a token; a schedule may vary them along a generation")
    guard steps.values.allSatisfy({ (1...1000).contains($0) }) else {
      throw settings.refusal("loss 'flow-matching' takes 1 to 1000 steps.", at: "steps")
    }
    sampler = try sampled["sampler", default: .euler, about: "how a step is made"]
    tokenScale = try TokenScale(&settings, levels: levels)
    let told: DenoisingNetwork.Levels = try settings[
      "levels", default: levels > 1 ? .scalar : .none, about: "how the level reaches the network"]
    tokenWidth = space.width
    network = DenoisingNetwork(
      tokenWidth: space.width, outputs: space.width, hidden: hidden, width: width, depth: depth, levels: told,
      levelCount: levels, &random)
  }

  mutating func calibrate(on answers: Tokens, levels: Indices) { tokenScale.measure(answers.values, levels: levels) }

  /// What the network is told of a time: a timestep as others have them, 0...1000.
  private func timeEmbedding(_ times: [Float]) -> Tensor { network.timeEmbedding(at: times.map { 1000 * Double($0) }) }

  var trainingEvaluations: Int { batchMultiplier }

  // MARK: Training

  func callAsFunction(_ hidden: Tensor, _ answers: Tokens, levels: Indices, _ random: inout Random) -> Tensor {
    let time = drawTimes([hidden.shape[0], batchMultiplier * hidden.shape[1]], &random)
    return losses(hidden, answers, levels: levels, at: time, &random)
  }

  func loss(_ hidden: Tensor, _ answers: Tokens, levels: Indices, noise: Float, _ random: inout Random) -> Tensor? {
    let time = Array(repeating: 1 - noise, count: hidden.shape[0] * batchMultiplier * hidden.shape[1])
    return losses(hidden, answers, levels: levels, at: time, &random)
  }

  /// `time` [batch x multiplier x asked]: 0 is noise, 1 a token.
  private func losses(
    _ hidden: Tensor, _ answers: Tokens, levels: Indices, at time: [Float], _ random: inout Random
  ) -> Tensor {
    let batch = hidden.shape[0], asked = hidden.shape[1], rows = batch * asked, all = rows * batchMultiplier
    let noise = random.normal([batch, batchMultiplier * asked, tokenWidth], "noise").reshaped([all, tokenWidth])
    // The context is embedded once per token and used by every repeat: [batch, batchMultiplier, asked, width].
    let embedded = network.contextEmbedding(hidden.reshaped([rows, hidden.shape[2]]), levels: levels.flatMap { $0 })
    func repeated(_ x: Tensor) -> Tensor {
      let width = x.count / rows
      return (x.reshaped([batch, 1, asked, width]) + Tensor(zeros: [batch, batchMultiplier, asked, width]))
        .reshaped([all, width])
    }
    let clean = repeated(tokenScale.normalize(answers.values.detached, levels: levels)), t = Tensor([all, 1], time)
    let velocity = network(noise + (clean - noise) * t, repeated(embedded) + timeEmbedding(time))
    return (velocity - (clean - noise)).squared.mean(axis: 1).reshaped([batch, batchMultiplier, asked]).mean(axis: 1)
  }

  private func drawTimes(_ shape: [Int], _ random: inout Random) -> [Float] {
    switch times {
    case .uniform: random.uniform(shape, "time").scalars
    case .logitNormal: random.normal(shape, "time").scalars.map { 1 / (1 + expf(-$0)) }
    }
  }

  // MARK: Sampling

  func evaluations(at moment: Moment) -> Int {
    max(1, Int(steps(moment).rounded())) * (sampler == .heun ? 2 : 1)
  }

  func sample(_ hidden: Guided, levels: Indices, at moment: Moment, _ random: inout Random) -> Draw {
    let batch = hidden.conditional.shape[0], asked = hidden.conditional.shape[1], rows = batch * asked
    let flat = levels.flatMap { $0 }, count = max(1, Int(steps(moment).rounded())), step = 1 / Float(count)
    func context(_ z: Tensor) -> Tensor { network.contextEmbedding(z.reshaped([rows, z.shape[2]]), levels: flat) }
    let told = context(hidden.conditional), free = hidden.scale == 1 ? nil : hidden.unconditional.map(context)
    func velocity(_ x: Tensor, _ time: Float) -> Tensor {
      let time = timeEmbedding([time]), c = network(x, told + time)
      guard let free else { return c }
      let u = network(x, free + time)
      return u + (c - u) * hidden.scale
    }
    var x = random.normal([batch, asked, tokenWidth], "initial").reshaped([rows, tokenWidth]) * hidden.temperature
    for number in 0..<count {
      let start = velocity(x, Float(number) * step)
      switch sampler {
      case .euler: x = x + start * step
      case .heun:
        let end = velocity(x + start * step, Float(number + 1) * step)
        x = x + (start + end) * (step / 2)
      }
    }
    return Draw(.values(tokenScale.denormalize(x.reshaped([batch, asked, tokenWidth]), levels: levels)))
  }
}

@section("overtone_parts") @used private let registration: Registration = { $0.registry.add(FlowMatching.self) }
