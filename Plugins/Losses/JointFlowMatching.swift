import Autoregression
import Networks
import Settings
import Tensors

/// One flow for all tokens that are predicted together: they are moved from noise at once, by a transformer among them
/// (FlowAR; Ren et al. 2024, arXiv 2412.15205). With `multi-scale` these are the tokens of a scale, with `masked` those
/// of a turn; with one token a turn it is flow matching by an MLP.
///
/// Time, noise and velocity are those of `flow-matching`, but the tokens of a group have one time. In training a group
/// is what has the same inputs: with `masked` all masked tokens, of which a turn of generation predicts some.
///
/// Differs from the released code (read in that of DiSA, which holds it): a level embedding is added to the hidden
/// states instead of one for each position, integration steps are even at any number of them, and blocks have no
/// cross-attention to the hidden states, as in the smallest model there.
struct JointFlowMatching: TokenLoss {
  static let key = "joint-flow-matching"
  static let about = About(
    "A small transformer moves all tokens predicted together from noise along straight lines.",
    source: "Ren et al. 2024 (FlowAR), arXiv 2412.15205", example: "width: 64\ndepth: 2\nsteps: 10")

  let level: LevelEmbedding
  let network: JointNetwork
  let tokenScale: TokenScale
  /// Times drawn for each group in a training step.
  let batchMultiplier: Int
  let times: FlowMatching.Times
  let steps: Schedule
  let sampler: FlowMatching.Sampler
  /// The time from which velocities are guided.
  let guidanceStart: Float
  let tokenWidth: Int
  let rotaryBase: Float = 10_000
  let headWidth: Int

  static let checkpointNames = ["tokenScale": "spread"]

  init(_ settings: inout Settings, of space: TokenSpace, from hidden: Int, levels: Int, _ random: inout Random)
    throws(SettingsError)
  {
    let width: Int = try settings[
      "width", default: 256, in: 4...16_384, about: "width of the transformer (FlowAR: diffloss_w)"]
    let depth: Int = try settings[
      "depth", default: 2, in: 0...64, about: "blocks of the transformer (FlowAR: diffloss_d)"]
    let heads: Int = try settings[
      "heads", default: max(1, width / 64), in: 1...256, about: "attention heads; 64 channels each unless set"]
    guard width % heads == 0, width / heads % 4 == 0 else {
      throw settings.refusal(
        "loss 'joint-flow-matching' needs heads whose width 4 divides, not \(heads) of a width of \(width); change "
          + "'heads' or 'width'.", at: settings.has("heads") ? "heads" : "width")
    }
    batchMultiplier = try settings[
      "diffusion-batch-mul", default: 1, in: 1...64, about: "times drawn for the tokens of a group in a training step"]
    times = try settings[
      "timestep-sampling", default: .uniform, about: "the distribution of times in training (FlowAR: uniform)"]
    var sampled = settings.generationOnly
    steps = try Schedule(
      &sampled, "steps", default: .constant(25),
      about: "integration steps from noise to tokens; a schedule may vary them along a generation (FlowAR: 25 to 50)")
    guard steps.values.allSatisfy({ (1...1000).contains($0) }) else {
      throw settings.refusal("loss 'joint-flow-matching' takes 1 to 1000 steps.", at: "steps")
    }
    sampler = try sampled[
      "sampler", default: .euler, about: "the integrator: Euler, or Heun with two evaluations a step"]
    guidanceStart = try sampled[
      "guidance-start", default: 0, in: 0...1,
      about: "time, 0 noise and 1 the token, from which velocities are guided (FlowAR: 0.1, its guidance 0.9)"]
    level = try LevelEmbedding(&settings, levels: levels, width: hidden, &random)
    tokenScale = try TokenScale(&settings, levels: levels)
    (tokenWidth, headWidth) = (space.width, width / heads)
    network = JointNetwork(
      tokenWidth: space.width, hidden: hidden, width: width, depth: depth, heads: heads, &random)
  }

  mutating func calibrate(on targets: Tokens, levels: Indices) { tokenScale.measure(targets.values, levels: levels) }

  var trainingEvaluations: Int { batchMultiplier }
  func evaluations(at moment: Moment) -> Int { count(at: moment) * (sampler == .heun ? 2 : 1) }
  private func count(at moment: Moment) -> Int { max(1, Int(steps(moment).rounded())) }

  // MARK: Training

  func callAsFunction(_ hidden: Tensor, _ targets: Tokens, levels: Indices, _ random: inout Random) -> Tensor {
    self(hidden, targets, at: PredictedPositions(alone: levels), &random)
  }

  /// Mean squared error of the velocity of each token: [batch, tokens].
  func callAsFunction(
    _ hidden: Tensor, _ targets: Tokens, at positions: PredictedPositions, _ random: inout Random
  ) -> Tensor {
    let time = times.drawn([hidden.shape[0], batchMultiplier * hidden.shape[1]], &random)
    return losses(hidden, targets, at: positions, times: time, &random)
  }

  func loss(_ hidden: Tensor, _ targets: Tokens, levels: Indices, noise: Float, _ random: inout Random) -> Tensor? {
    loss(hidden, targets, at: PredictedPositions(alone: levels), noise: noise, &random)
  }

  func loss(
    _ hidden: Tensor, _ targets: Tokens, at positions: PredictedPositions, noise: Float, _ random: inout Random
  ) -> Tensor? {
    let time = Array(repeating: 1 - noise, count: hidden.shape[0] * batchMultiplier * hidden.shape[1])
    return losses(hidden, targets, at: positions, times: time, &random)
  }

  /// The loss of each token, the mean over repetitions: [batch, tokens]. Of the times [batch x multiplier x tokens] a
  /// group takes that of its first token.
  private func losses(
    _ hidden: Tensor, _ targets: Tokens, at positions: PredictedPositions, times: [Float], _ random: inout Random
  ) -> Tensor {
    let batch = hidden.shape[0], tokens = hidden.shape[1], rows = batch * tokens, all = batchMultiplier * tokens
    let noise = random.normal([batch, all, tokenWidth], "noise").reshaped([batch * all, tokenWidth])
    let truth = tokenScale.normalize(targets.values.detached, levels: positions.levels).reshaped([rows, tokenWidth])
    let context = self.context(hidden, positions)
    var parts: [(values: Tensor, rows: [Int])] = []
    for group in JointGroups(positions).classes {
      let inputs = attentionInputs(group)
      for repetition in 0..<batchMultiplier {
        let sources = group.rows(of: all, from: repetition * tokens), tokenRows = group.rows(of: tokens)
        let x = truth.rows(tokenRows), start = noise.rows(sources), time = sources.map { times[$0[0]] }
        let t = Tensor([time.count, 1, 1], time)
        let velocity = network(start + (x - start) * t, context: context.rows(tokenRows), times: time, inputs)
        let error = (velocity - (x - start)).squared.mean(axis: 2)
        parts.append((error.reshaped([error.count, 1]), sources.flatMap { $0 }))
      }
    }
    return JointGroups.assembled(parts, count: batch * all).reshaped([batch, batchMultiplier, tokens]).mean(axis: 1)
  }

  /// Context embeddings of hidden states [batch, tokens, hidden]: [batch x tokens, width].
  private func context(_ hidden: Tensor, _ positions: PredictedPositions) -> Tensor {
    network.context(level(hidden, positions.levels).reshaped([hidden.shape[0] * hidden.shape[1], hidden.shape[2]]))
  }

  private func attentionInputs(_ group: JointGroups.Class) -> AttentionInputs {
    AttentionInputs(
      rotation: RotaryAngles(group.centres, headWidth: headWidth, base: rotaryBase, zeroesUnpositioned: false))
  }

  // MARK: Sampling

  func sample(_ hidden: Guided, levels: Indices, at moment: Moment, _ random: inout Random) -> Draw {
    sample(hidden, at: PredictedPositions(alone: levels), moment: moment, &random)
  }

  /// Values of tokens by integration of the velocity from noise, group by group.
  func sample(_ hidden: Guided, at positions: PredictedPositions, moment: Moment, _ random: inout Random) -> Draw {
    let batch = hidden.conditional.shape[0], tokens = hidden.conditional.shape[1], rows = batch * tokens
    let noise =
      random.normal([batch, tokens, tokenWidth], "initial").reshaped([rows, tokenWidth]) * hidden.temperature
    let conditional = context(hidden.conditional, positions)
    let unconditional = hidden.scale == 1 ? nil : hidden.unconditional.map { context($0, positions) }
    let parts = JointGroups(positions).classes.map { group in
      let inputs = attentionInputs(group), picks = group.rows(of: tokens)
      let contexts = (conditional.rows(picks), unconditional?.rows(picks))
      func velocity(_ x: Tensor, _ time: Float) -> Tensor {
        let c = network(x, context: contexts.0, times: [time], inputs)
        guard let free = contexts.1, time >= guidanceStart else { return c }
        let u = network(x, context: free, times: [time], inputs)
        return u + (c - u) * hidden.scale
      }
      let x = sampler.integrated(noise.rows(picks), steps: count(at: moment), velocity)
      return (values: x.reshaped([picks.count * group.size, tokenWidth]), rows: picks.flatMap { $0 })
    }
    let x = JointGroups.assembled(parts, count: rows).reshaped([batch, tokens, tokenWidth])
    return Draw(.values(tokenScale.denormalize(x, levels: positions.levels)))
  }
}

extension FlowMatching.Times {
  /// Times in [0, 1] of the given shape.
  fileprivate func drawn(_ shape: [Int], _ random: inout Random) -> [Float] {
    switch self {
    case .uniform: random.uniform(shape, "time").scalars
    case .logitNormal: random.normal(shape, "time").activated(.sigmoid).scalars
    }
  }
}

extension FlowMatching.Sampler {
  /// The end of the flow of a velocity, from time 0 to 1 in even steps.
  fileprivate func integrated(_ x: Tensor, steps: Int, _ velocity: (Tensor, Float) -> Tensor) -> Tensor {
    let step = 1 / Float(steps)
    return (0..<steps).reduce(x) { x, number in
      let start = velocity(x, Float(number) * step)
      guard self == .heun else { return x + start * step }
      return x + (start + velocity(x + start * step, Float(number + 1) * step)) * (step / 2)
    }
  }
}

@section("overtone_parts") @used private let registration: Registration = { $0.registry.add(JointFlowMatching.self) }
