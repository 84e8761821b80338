import Autoregression
import Foundation
import Networks
import Storage
import Tensors

/// Images in a new order every epoch, the same for ever: step and seed say which.
struct BatchOrder {
  let count: Int
  let batch: Int
  let seed: UInt64
  private var epoch = -1
  private var order: [Int] = []

  init(count: Int, batch: Int, seed: UInt64) {
    self.count = count
    self.batch = batch
    self.seed = seed
  }

  /// Numbers of the images of step 0, 1, ...
  mutating func rows(at step: Int) -> [Int] {
    (step * batch..<(step + 1) * batch).map { position in
      if position / count != epoch {
        epoch = position / count
        order = Random(seed: seed, step: epoch).orders(of: count, "epoch")[0]
      }
      return order[position % count]
    }
  }
}

/// Trains one network from wherever its checkpoint stands to the last step.
struct Trainer {
  let stage: String
  let plan: TrainingConfiguration
  let seed: UInt64
  let parameters: [(path: String, parameter: Parameter)]
  let statistics: [(path: String, statistic: Statistic)]
  let artefact: Artefact
  let journal: Journal
  /// A network trained against this one, by the same plan and an optimizer of its own.
  var discriminator: [(path: String, parameter: Parameter)] = []
  /// Where else numbers go.
  var board: TensorBoard?

  private var all: [Parameter] { parameters.map(\.parameter) }

  /// One loss of a step: one number to lower, its parts by name, and what the discriminator lowers.
  typealias Loss<Samples> = (_ batch: Samples, _ progress: Float, _ random: inout Random) throws -> (
    Tensor, [(name: String, value: Float)], discriminator: Tensor?
  )

  /// Trains on images.
  func run(
    on dataset: any ImageDataset, prepare: () throws -> Void = {}, finish: () throws -> Void = {}, _ loss: Loss<Batch>
  ) throws {
    try run(
      over: dataset.count, fetch: { try dataset.batch($0, flipped: $1) }, prepare: prepare, finish: finish, loss)
  }

  /// Trains, saves, and leaves the averaged parameters in place. `fetch` gives some of `count` samples by number,
  /// flipped where asked; `prepare` runs once, before the first step.
  func run<Samples>(
    over count: Int, fetch: (_ rows: [Int], _ flipped: [Bool]) throws -> Samples, prepare: () throws -> Void = {},
    finish: () throws -> Void = {}, _ loss: Loss<Samples>
  ) throws {
    // Another run that asks for the same waits until it is made.
    let lock = try Lock.waiting(for: artefact.folder)
    defer { lock?.release() }
    let writer = CheckpointWriter()
    // The lock is kept until the last write has ended, whatever ends the training.
    defer { try? writer.finish() }
    var optimizer = Optimizer(all, rule: plan.rule, clip: plan.clip)
    var discriminatorOptimizer = Optimizer(discriminator.map(\.parameter), rule: plan.rule, clip: plan.clip)
    var average: MovingAverage? = plan.average > 0 ? MovingAverage(of: all, rate: plan.average) : nil
    var step = 0, isFinished = false, isMeasured = false
    if Folder.exists(artefact.checkpoint) {
      let saved = try restore(&optimizer, &average, &discriminatorOptimizer)
      step = saved.step
      isFinished = step >= plan.steps
      if isFinished {
        journal.say("\(stage): trained before, \(step) steps (\(artefact.folder))")
        _ = try board?.events(of: artefact.metrics, to: step)
        useAverage(average)
        return
      }
      journal.say("\(stage): going on from step \(step) of \(plan.steps)")
      try artefact.metrics.rewind("train", to: step)
    } else {
      try artefact.prepare()
      isMeasured = try begin()
      if !isMeasured { try prepare() }
      if plan.average > 0 { average = MovingAverage(of: all, rate: plan.average) }
    }
    let events = try board?.events(of: artefact.metrics, to: step)
    var order = BatchOrder(count: count, batch: plan.batch, seed: seed)
    var speed = 0.0, lost = 0
    Profile.shared.forward("preparing")
    while step < plan.steps {
      let start = MonotonicClock.seconds
      var random = Random(seed: seed, step: step, samples: Array(0..<plan.batch))
      let flips =
        plan.flips
        ? random.uniform([plan.batch], "flip").scalars.map { $0 < 0.5 } : Array(repeating: false, count: plan.batch)
      let batch = try fetch(order.rows(at: step), flips)
      Profile.shared.forward("reading")
      let (total, parts, against) = try loss(batch, Float(step) / Float(plan.steps), &random)
      let rate = plan.rate(Double(step))
      let norm = optimizer.step(total, rate: rate)
      if let against { _ = discriminatorOptimizer.step(against, rate: rate) }
      lost = norm.isFinite ? 0 : lost + 1
      guard lost < 20 else {
        throw LaboratoryError(
          "\(stage): the gradients of 20 steps in a row up to step \(step) are not finite; lower the learning rate (\(plan.rate.peak)) or clip harder."
        )
      }
      step += 1
      average?.update(from: all, step: step)
      Profile.shared.forward("optimizer")
      let seconds = MonotonicClock.seconds - start
      speed = speed == 0 ? seconds : 0.95 * speed + 0.05 * seconds
      if step % 10 == 0 || step == plan.steps {
        let numbers =
          [
            ("loss", Double(total.scalar)), ("learning-rate", rate), ("gradient-norm", norm),
            ("images-per-second", Double(plan.batch) / speed),
          ] + parts.map { ($0.name, Double($0.value)) }
        try artefact.metrics.append("train", step: step, numbers)
        if let board, let events { try board.add(numbers, step: step, to: events) }
      }
      journal.progress(
        Progress(
          stage: stage, done: step, total: plan.steps,
          details: ["loss \(NumberFormat.short(Double(total.scalar)))"]
            + parts.map { "\($0.name) \(NumberFormat.short(Double($0.value)))" },
          rate: Double(plan.batch) / speed, secondsPerStep: speed))
      if Interruption.isRequested && step < plan.steps {
        try writer.write(checkpoint(optimizer, average, discriminatorOptimizer, step), to: artefact.checkpoint)
        try writer.finish()
        throw Stopped(
          description: "stopped after step \(step) of \(plan.steps) (\(stage)); the same command goes on from there.")
      }
      if step % plan.saveEvery == 0 && step < plan.steps {
        try writer.write(checkpoint(optimizer, average, discriminatorOptimizer, step), to: artefact.checkpoint)
      }
      Profile.shared.forward("writing")
    }
    // What is measured at the end is measured with the parameters that will be used.
    if isMeasured && plan.steps == 0 {
      // Weights that are used as they came keep what was measured with them.
    } else if let average {
      try average.inPlace(of: all, finish)
    } else {
      try finish()
    }
    try writer.finish()
    try checkpoint(optimizer, average, discriminatorOptimizer, step).write(to: artefact.checkpoint)
    useAverage(average)
  }

  /// Puts in place what the plan begins from. Gives whether statistics came with it.
  private func begin() throws -> Bool {
    guard !plan.weights.isEmpty else { return false }
    let saved = try Checkpoint(
      from: plan.weights, parameters: parameters.map(\.path), statistics: statistics.map(\.path))
    try adopt(saved, from: plan.weights)
    journal.say("\(stage): begins from \(plan.weights)")
    return !saved.statistics.isEmpty
  }

  /// Puts in place what was trained to the end before, and trains nothing.
  func load() throws {
    guard Folder.exists(artefact.checkpoint) else {
      throw LaboratoryError("the \(stage) of this experiment is not trained yet; 'overtone run' does that.")
    }
    var optimizer = Optimizer(all, rule: plan.rule, clip: plan.clip)
    var average: MovingAverage? = plan.average > 0 ? MovingAverage(of: all, rate: plan.average) : nil
    var discriminatorOptimizer = Optimizer(discriminator.map(\.parameter), rule: plan.rule, clip: plan.clip)
    let step = try restore(&optimizer, &average, &discriminatorOptimizer).step
    guard step >= plan.steps else {
      throw LaboratoryError(
        "the \(stage) of this experiment is trained to step \(step) of \(plan.steps); 'overtone run' goes on from there."
      )
    }
    useAverage(average)
  }

  private func useAverage(_ average: MovingAverage?) {
    guard let average else { return }
    for (parameter, value) in zip(all, average.values) { parameter.replace(value) }
  }

  /// Where the training stands.
  private func checkpoint(
    _ optimizer: Optimizer, _ average: MovingAverage?, _ discriminatorOptimizer: Optimizer, _ step: Int
  ) -> Checkpoint {
    func named(_ values: [Tensor]) -> Checkpoint.Values { Array(zip(parameters.map(\.path), values)) }
    var checkpoint = Checkpoint()
    checkpoint.model = named(all.map(\.value))
    checkpoint.average = average.map { named($0.values) } ?? []
    // A finished stage never takes another step: its moments are not kept.
    if step < plan.steps {
      checkpoint.means = named(optimizer.means)
      checkpoint.squares = named(optimizer.squares)
      func ofDiscriminator(_ values: [Tensor]) -> Checkpoint.Values { Array(zip(discriminator.map(\.path), values)) }
      checkpoint.discriminator = ofDiscriminator(discriminator.map(\.parameter.value))
      checkpoint.discriminatorMeans = ofDiscriminator(discriminatorOptimizer.means)
      checkpoint.discriminatorSquares = ofDiscriminator(discriminatorOptimizer.squares)
      checkpoint.discriminatorUpdates = discriminatorOptimizer.count
    }
    checkpoint.statistics = statistics.map { ($0.path, $0.statistic.value) }
    (checkpoint.step, checkpoint.updates, checkpoint.seed) = (step, optimizer.count, Int(seed))
    checkpoint.configuration = artefact.recipe
    return checkpoint
  }

  private func restore(
    _ optimizer: inout Optimizer, _ average: inout MovingAverage?, _ discriminatorOptimizer: inout Optimizer
  ) throws -> Checkpoint {
    let saved = try Checkpoint(
      from: artefact.checkpoint, parameters: parameters.map(\.path), statistics: statistics.map(\.path),
      discriminator: discriminator.map(\.path))
    try adopt(saved, from: artefact.checkpoint)
    if !saved.means.isEmpty {
      optimizer.restore(means: saved.means.map(\.value), squares: saved.squares.map(\.value), count: saved.updates)
    }
    for ((_, parameter), (_, value)) in zip(discriminator, saved.discriminator) { parameter.replace(value) }
    if !saved.discriminatorMeans.isEmpty {
      discriminatorOptimizer.restore(
        means: saved.discriminatorMeans.map(\.value), squares: saved.discriminatorSquares.map(\.value),
        count: saved.discriminatorUpdates)
    }
    if !saved.average.isEmpty { average?.restore(saved.average.map(\.value)) }
    return saved
  }

  private func adopt(_ saved: Checkpoint, from file: String) throws {
    for ((path, parameter), (_, value)) in zip(parameters, saved.model) {
      guard parameter.value.shape == value.shape else {
        throw StorageError.wrongShape(path: file, name: path, found: value.shape, wanted: parameter.value.shape)
      }
      parameter.replace(value)
    }
    for ((_, statistic), (_, value)) in zip(statistics, saved.statistics) { statistic.replace(value) }
  }
}
