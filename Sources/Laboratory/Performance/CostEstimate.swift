import Autoregression
import Networks
import Tensors

/// An estimate of an experiment's cost from its settings alone: no data is opened, no weights are allocated.
package struct CostEstimate {
  /// One quantity, as text for people and as a value for programs.
  private struct Fact {
    let name: String, text: String, key: String, value: JSON

    init(_ name: String, _ key: String, text: String, _ value: JSON) {
      (self.name, self.text, self.key, self.value) = (name, text, key, value)
    }

    init(_ name: String, _ key: String, count: Int) {
      self.init(name, key, text: "\(count)", .number(Double(count)))
    }

    /// A quantity that people read in multiples of `unit`.
    init(_ name: String, _ key: String, _ value: Double, in unit: Double) {
      self.init(name, key, text: NumberFormat.short(value / unit), .number(value))
    }
  }
  private let facts: [Fact]

  /// Estimates from the experiment and the speed of matrix products, which is measured where it is not known yet.
  package init(_ assembly: Assembly, _ speeds: inout ProductSpeeds) {
    let work = TrainingWork(assembly)
    facts = Self.sizes(of: assembly, work) + Self.costs(of: assembly, work, &speeds)
  }

  /// Floating-point operations of the model's training. A multiplication and an addition count as two.
  private struct TrainingWork {
    /// Slots that the backbone computes in a training turn, prefix included, and those that the loss is computed on.
    let positions: Int, targets: Int
    let perStep: Double, total: Double

    init(_ assembly: Assembly) {
      let model = assembly.model, direction = assembly.direction
      // One training turn has the number of positions and targets.
      var random = Random(seed: assembly.seed)
      let turn = direction.trainingTurn(batch: 1, progress: 0, &random), slots = direction.layout.slots.count
      let tokens = turn.slots.indices(in: slots, sample: 0).count
      positions = tokens + model.conditioner.prefixCount
      targets = turn.predicted.indices(in: tokens, sample: 0).count
      // Forward 2, backward 4 operations for each number of a matrix and each row.
      let image =
        6
        * (CostEstimate.matrixElements(model.backbone) * Double(positions)
          + CostEstimate.matrixElements(model.loss) * Double(targets * model.loss.trainingEvaluations))
      perStep = image * Double(assembly.training.batch)
      total = perStep * Double(assembly.training.steps)
    }
  }

  /// Returns the floating-point operations of the model's training.
  package static func trainingOperations(of assembly: Assembly) -> Double { TrainingWork(assembly).total }

  /// Returns the number of trainable parameters.
  private static func count(_ module: any Module) -> Int {
    module.parameters.reduce(0) { $0 + $1.parameter.value.count }
  }

  /// Returns the number of elements of all matrices: the work of vectors and embedding tables is negligible beside.
  private static func matrixElements(_ module: any Module) -> Double {
    module.parameters.reduce(0) { sum, entry in
      entry.parameter.value.shape.filter { $0 > 1 }.count > 1 ? sum + Double(entry.parameter.value.count) : sum
    }
  }

  /// Quantities that follow from the components alone.
  private static func sizes(of assembly: Assembly, _ work: TrainingWork) -> [Fact] {
    let model = assembly.model, direction = assembly.direction, images = assembly.images
    let steps = [assembly.tokenizerTraining.steps, assembly.training.steps]
    return [
      Fact(
        "images", "images", text: "\(images.height)x\(images.width), \(assembly.classes) classes",
        .list([.number(Double(images.height)), .number(Double(images.width))])),
      Fact("tokens", "tokens", text: assembly.tokenSummary, .text(assembly.tokenSummary)),
      Fact("slots", "slots", count: direction.layout.slots.count),
      Fact("positions of a training turn", "places", count: work.positions),
      Fact("targets of a training turn", "asked", count: work.targets),
      Fact("turns of a generation", "turns", count: turns(of: direction)),
      Fact("tokenizer parameters", "tokenizerParameters", count: count(assembly.tokenizer)),
      Fact("backbone parameters", "backboneParameters", count: count(model.backbone)),
      Fact("loss parameters", "lossParameters", count: count(model.loss)),
      Fact("conditioner parameters", "conditionerParameters", count: count(model.conditioner)),
      Fact("model parameters", "modelParameters", count: count(model)),
      Fact(
        "training steps, tokenizer and model", "steps", text: steps.map { "\($0)" }.joined(separator: " + "),
        .list(steps.map { .number(Double($0)) })),
    ]
  }

  /// Work, memory, disk and time.
  private static func costs(of assembly: Assembly, _ work: TrainingWork, _ speeds: inout ProductSpeeds) -> [Fact] {
    let training = assembly.training, trained = count(assembly.model), tokenizer = count(assembly.tokenizer)
    let rows = min(4096, max(16, training.batch * work.positions))
    let speed = speeds.speed(rows, min(2048, max(16, assembly.model.backbone.width))), seconds = work.total / speed
    // Weights, gradients, two moments and the moving average, four bytes each.
    let memory = Double(trained) * 4 * 5
    // An unfinished checkpoint holds weights, average and two moments; a finished one the first two.
    let checkpoints = Double(trained + tokenizer) * 4 * 4
    // Mean and log-variance of each channel, for every view of an image.
    let cells = Double(assembly.direction.layout.grid.count * assembly.tokenizer.quantizer.space.width)
    let latents =
      assembly.latentCaching == .never || tokenizer == 0
      ? 0 : Double(assembly.dataset.train.count * (training.augmentation.views?.count ?? 0)) * cells * 4 * 2
    // Kept by the data set, and float32 numbers of the batches in use and read ahead.
    let batch = max(training.batch, assembly.tokenizerTraining.batch) * assembly.images.height * assembly.images.width
    let imageMemory = Double(assembly.dataset.source.memoryLimit + batch * 3 * 4 * (BatchLoader.ahead + 2))
    return [
      Fact("model GFLOP a step, attention left out", "flopStep", work.perStep, in: 1e9),
      Fact("model TFLOP in all", "flop", work.total, in: 1e12),
      Fact("memory of weights, gradients, moments, average (MB)", "memoryBytes", memory, in: 1e6),
      Fact("memory of images, at most (MB)", "imageBytes", imageMemory, in: 1e6),
      Fact("disk for checkpoints while training (MB)", "checkpointBytes", checkpoints, in: 1e6),
      Fact("disk for latents, at most (MB)", "latentBytes", latents, in: 1e6),
      Fact("speed of such products here (GFLOP/s)", "flopPerSecond", speed, in: 1e9),
      Fact(
        "least time of the model's training (estimate)", "seconds", text: NumberFormat.duration(seconds),
        .number(seconds)),
    ]
  }

  /// Returns the number of turns of a generation, at most 100,000.
  private static func turns(of direction: any RegressionDirection) -> Int {
    var random = Random(seed: 0), past = Past(), count = 0
    while count < 100_000, let now = direction.turn(after: past, batch: 1, &random) {
      past.last = now
      count += 1
      if direction.needsConfidence {
        let targets = now.predicted.indices(in: direction.layout.slots.count, sample: 0).count
        past.confidence = Tensor(zeros: [1, targets])
      }
    }
    return count
  }

  /// The estimate as a JSON object.
  package var json: JSON { .object(facts.map { ($0.key, $0.value) }) }

  /// The estimate for people, a line for each quantity.
  package var text: String {
    let width = facts.map(\.name.count).max() ?? 0
    return facts.map { $0.name + String(repeating: " ", count: width - $0.name.count + 2) + $0.text }
      .joined(separator: "\n")
  }
}
