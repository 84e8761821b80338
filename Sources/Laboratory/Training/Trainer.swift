import Autoregression
import Foundation
import Networks
import Storage
import Tensors

/// Trains one network from its last checkpoint, or from the initial weights, to the last step.
struct Trainer {
  /// "tokenizer" or "model".
  let stage: String
  /// Steps, batch size, optimizer and checkpoints.
  let configuration: TrainingConfiguration
  /// The root of the stage's random number streams.
  let seed: UInt64
  /// The trained parameters by their path.
  let parameters: NamedParameters
  /// Measured quantities that a checkpoint holds besides the parameters.
  let statistics: [(path: String, statistic: Statistic)]
  /// The folder of checkpoint and log.
  let artefact: Artefact
  let journal: Journal
  /// Those of the trained parameters that belong to the token loss.
  var head: [Parameter] = []
  /// The parameters of an adversarial network, trained by the same configuration with an optimizer of its own.
  var discriminator: NamedParameters = []
  /// Event files for TensorBoard; nil where logging is off.
  var board: TensorBoard?
  /// Measurements on held-out images; nil where there are none.
  var validation: Validation?

  var trained: [Parameter] { parameters.map(\.parameter) }

  /// The losses of one step.
  struct StepLoss {
    /// The scalar that the step lowers.
    var total: Tensor
    /// Further scalars for the log, by name.
    var parts: [(name: String, value: Float)] = []
    /// The scalar that the discriminator's step lowers; nil where it rests.
    var discriminator: Tensor?
  }

  /// `progress` is the fraction of all steps that are done, in [0, 1).
  typealias Loss<Samples> = (_ batch: Samples, _ progress: Float, _ random: inout Random) throws -> StepLoss

  /// The origin of the parameters at the first step.
  private enum Start { case finished, resumed, initialized, imported(hasStatistics: Bool) }

  /// Training data: `count` samples, read by index, each cut as its augmentation says.
  struct Source<Samples> {
    let count: Int
    let batch: (_ rows: [Int], _ augmented: [Augmentation]) throws -> Samples
    /// The numbers of some samples by name, for the search for one that is not finite.
    let numbers: (Samples) -> [(name: String, values: Tensor)]
    /// The images behind the samples, which are read ahead.
    let images: BatchLoader
    /// The first sample of each block that is read together, and their number.
    var blockStarts: [Int] = []
  }

  /// Trains, writes checkpoints, and leaves the averaged parameters in place.
  ///
  /// `beforeFirstStep` runs once for a network without statistics from a checkpoint; `afterLastStep` runs with the
  /// averaged parameters in place. Throws `Stopped` after a requested stop, with everything saved, and `Divergence`
  /// where a number is not finite, with the last good checkpoint in place.
  func run<Samples>(
    on source: Source<Samples>, beforeFirstStep: () throws -> Void = {}, afterLastStep: () throws -> Void = {},
    _ loss: Loss<Samples>
  ) throws {
    // Another run that needs the same artefact waits until it is complete.
    let lock = try Lock.waiting(for: artefact.folder)
    defer { lock.release() }
    Folder.removeAbandonedFiles(below: artefact.folder)
    let writer = CheckpointWriter(), unsaved = Interruption.Hold()
    defer { unsaved.end() }
    // The lock is held until the last write has ended, whatever ends the training.
    defer {
      try? writer.finish()
      try? artefact.metrics.save()
    }
    var state = TrainingState(configuration, parameters: parameters, head: head, discriminator: discriminator)
    let start = try restoreOrBegin(&state, beforeFirstStep)
    if case .finished = start { return adoptAverage(state.average) }
    recallDivergence(&state)
    let events = try board?.events(of: artefact.metrics, to: state.step)
    var order = BatchOrder(
      count: source.count, batch: configuration.batch, seed: seed, window: configuration.shuffleWindow,
      blockStarts: source.blockStarts)
    var plan = BatchPlan(order, configuration, seed: seed, from: state.step)
    source.images.expect { plan.request($0) }
    defer { source.images.stop() }
    Profile.shared.forward("preparing")
    while state.step < configuration.steps {
      let result = try step(&state, on: source, &order, loss)
      // From the first step on a stop must save: the loop looks after every step.
      unsaved.begin()
      try validate(&state, events)
      try record(result, state, events)
      try save(&state, by: writer)
      Profile.shared.forward("writing")
    }
    if configuration.steps == 0 { try validate(&state, events) }
    if case .imported(hasStatistics: true) = start, configuration.steps == 0 {
      // Imported weights that are used untrained keep the statistics that came with them.
    } else if let average = state.average {
      try average.inPlace(of: trained, afterLastStep)
    } else {
      try afterLastStep()
    }
    try finish(state, writer)
    try artefact.metrics.save()
    unsaved.end()
    Interruption.leaveIfFree()
  }

  /// Adopts the parameters of a finished training, without training; throws where there is none.
  func load() throws {
    guard Folder.exists(artefact.checkpoint) else {
      throw LaboratoryError("the \(stage) of this experiment is not trained yet; 'overtone run' does that.")
    }
    var state = TrainingState(configuration, parameters: parameters, head: head, discriminator: discriminator)
    try restore(&state)
    guard state.step >= configuration.steps else {
      throw LaboratoryError(
        "the \(stage) of this experiment is trained to step \(state.step) of \(configuration.steps); "
          + "'overtone run' goes on from there.")
    }
    adoptAverage(state.average)
  }

  // MARK: Beginning

  /// Restores the checkpoint of this stage; without one adopts the weights that the configuration names, or keeps the
  /// initial ones.
  private func restoreOrBegin(_ state: inout TrainingState, _ beforeFirstStep: () throws -> Void) throws -> Start {
    guard Folder.exists(artefact.checkpoint) else {
      try artefact.prepare()
      // A training that was killed before its first checkpoint may have left numbers.
      try rewindMetrics(to: 0)
      try artefact.beginRecord()
      let start = try begin()
      if case .imported(hasStatistics: true) = start {} else { try beforeFirstStep() }
      // The average begins at the weights that were just adopted.
      state.average = configuration.average(of: trained)
      return start
    }
    try restore(&state)
    if state.step >= configuration.steps {
      try artefact.record(artefact.checkpoint)
      journal.say("\(stage): trained before, \(state.step) steps (\(artefact.folder))")
      _ = try board?.events(of: artefact.metrics, to: state.step)
      return .finished
    }
    journal.say("\(stage): going on from step \(state.step) of \(configuration.steps)")
    try Interruption.holding { try rewindMetrics(to: state.step) }
    return .resumed
  }

  /// Adopts the checkpoint that the configuration names, if any.
  private func begin() throws -> Start {
    guard !configuration.weights.isEmpty else { return .initialized }
    let saved = try Checkpoint(
      from: configuration.weights, parameters: parameters.map(\.path), statistics: statistics.map(\.path))
    guard saved.model.count == parameters.count else {
      throw LaboratoryError(
        "\(configuration.weights): it holds no parameters to start from; make it with 'overtone import'.")
    }
    try adopt(saved, from: configuration.weights)
    if saved.statistics.isEmpty {
      for (_, statistic) in statistics {
        if let origin = statistic.origin { statistic.replace(origin.value) }
      }
    }
    journal.say("\(stage): starts from \(configuration.weights)")
    return .imported(hasStatistics: !saved.statistics.isEmpty)
  }

  // MARK: One step

  /// The numbers of one step, for the log.
  private struct StepResult {
    let loss: Double
    let learningRate: Double
    /// Global norm of the gradients before clipping.
    let gradientNorm: Double
    let parts: [(name: String, value: Float)]
  }

  /// Takes one step of the optimizers and of the moving average.
  private func step<Samples>(
    _ state: inout TrainingState, on source: Source<Samples>, _ order: inout BatchOrder, _ loss: Loss<Samples>
  ) throws -> StepResult {
    let start = MonotonicClock.seconds, step = state.step, size = configuration.batch
    var random = Random(seed: seed, step: step, samples: Array(0..<size))
    let rows = order.rows(at: step)
    let batch = try source.batch(rows, configuration.augmentation.draws(size, &random))
    Profile.shared.forward("reading")
    let losses = try loss(batch, Float(step) / Float(configuration.steps), &random)
    let rate = configuration.learningRate(Double(step))
    let norm = optimize(losses, &state, rate: rate, weightDecay: configuration.weightDecay(at: step))
    state.note(step: step + 1, loss: Double(losses.total.scalar), gradientNorm: norm)
    guard norm.isFinite else {
      let culprit = culprit(of: losses, state, rows: rows, source.numbers(batch))
      throw divergence(state, at: step + 1, culprit, rows: rows)
    }
    state.step += 1
    state.average?.update(from: trained, step: state.step)
    Profile.shared.forward("optimizer")
    state.record(seconds: MonotonicClock.seconds - start)
    return StepResult(
      loss: Double(losses.total.scalar), learningRate: rate, gradientNorm: norm, parts: losses.parts)
  }

  /// Takes a step of the optimizers; returns the joint norm of the gradients. Where the result is not finite, something
  /// of the step is not, and the parameters are as they were before it.
  private func optimize(
    _ losses: StepLoss, _ state: inout TrainingState, rate: Double, weightDecay: Double
  ) -> Double {
    guard losses.total.scalar.isFinite else { return .nan }
    let norm = state.optimizer.step(losses.total, rate: rate, weightDecay: weightDecay)
    guard norm.isFinite, let adversarial = losses.discriminator else { return norm }
    guard adversarial.scalar.isFinite else { return .nan }
    let other = state.discriminatorOptimizer.step(adversarial, rate: rate, weightDecay: weightDecay)
    return other.isFinite ? norm : other
  }

  /// Logs a step: every tenth and the last one in files, all of them as progress.
  private func record(_ result: StepResult, _ state: TrainingState, _ events: EventFile?) throws {
    let step = state.step, speed = Double(configuration.batch) / state.secondsPerStep
    if step % 10 == 0 || step == configuration.steps {
      let numbers =
        [
          ("loss", result.loss), ("learning-rate", result.learningRate), ("gradient-norm", result.gradientNorm),
          ("images-per-second", speed),
        ] + result.parts.map { ($0.name, Double($0.value)) }
      try artefact.metrics.append("train", step: step, numbers)
      if let board, let events { try board.add(numbers, step: step, to: events) }
    }
    journal.progress(
      Progress(
        stage: stage, done: step, total: configuration.steps,
        details: ["loss \(NumberFormat.short(result.loss))"] + state.validation
          + result.parts.map { "\($0.name) \(NumberFormat.short(Double($0.value)))" },
        rate: speed, secondsPerStep: state.secondsPerStep))
  }

  /// Begins to write a checkpoint where one is due; after a requested stop waits for it and throws `Stopped`.
  private func save(_ state: inout TrainingState, by writer: CheckpointWriter) throws {
    guard state.step < configuration.steps else { return }
    if Interruption.isRequested {
      try writer.write(try soundCheckpoint(state), to: artefact.checkpoint, after: artefact.metrics)
      try writer.finish()
      throw Stopped("stopped after step \(state.step) of \(configuration.steps) (\(stage))")
    }
    if state.step % configuration.saveEvery == 0 {
      try writer.write(try soundCheckpoint(state), to: artefact.checkpoint, after: artefact.metrics)
      state.savedStep = state.step
    }
  }

  // MARK: Ending

  /// Writes the last checkpoint, and leaves the averaged parameters in place.
  private func finish(_ state: TrainingState, _ writer: CheckpointWriter) throws {
    try writer.finish()
    try artefact.metrics.save()
    try soundCheckpoint(state).write(to: artefact.checkpoint)
    try artefact.record(artefact.checkpoint)
    DebugFile.remove(from: artefact.folder)
    adoptAverage(state.average)
  }

  /// Replaces the parameters by their moving average, if there is one.
  private func adoptAverage(_ average: MovingAverage?) {
    guard let average else { return }
    for (parameter, value) in zip(trained, average.values) { parameter.replace(value) }
  }
}
