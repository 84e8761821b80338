import Autoregression
import Foundation
import Images
import Networks
import Settings
import Storage
import Tensors

/// One experiment from file to pictures: trains what is missing, samples, measures.
struct Run {
  var assembly: Assembly
  let journal: Journal
  let folder: String
  /// What varies in a sweep; empty outside one.
  let variant: String

  /// `folder` nil: Results/<experiment>/<seed>.
  init(_ assembly: Assembly, folder: String? = nil, variant: String = "", journal: Journal) throws {
    self.assembly = assembly
    self.journal = journal
    self.variant = variant
    self.folder = folder ?? "\(assembly.results)/\(assembly.name)/\(assembly.seed)"
    try Folder.make("\(self.folder)/samples")
    journal.keep(in: self.folder)
  }

  /// Everything, in order. What is there already is not done twice.
  mutating func all() throws {
    let start = Journal.seconds
    try note("running")
    do {
      try train()
      try sample()
      try evaluate()
      try note("done")
    } catch {
      try note(error is Stopped ? "stopped" : "failed: \(error)")
      throw error
    }
    journal.say(
      "\(assembly.name): done in \(Progress.duration(Journal.seconds - start)); pictures are in \(folder)/samples (look at grid.png)"
    )
  }

  private func note(_ status: String) throws {
    try Folder.write("\(status)\nconfiguration \(assembly.fingerprint)\n", to: "\(folder)/STATUS")
    try Folder.write(assembly.settings.resolved(origins: false), to: "\(folder)/experiment.yaml")
    try Folder.write(Environment.json, to: "\(folder)/environment.json")
  }

  // MARK: Training

  mutating func train() throws {
    try assembly.dataset.open()
    let dataset = assembly.dataset
    let made = try Artefacts(of: assembly)
    try Folder.write(made.json, to: "\(folder)/inputs.json")
    try trainTokenizer(dataset, made.tokenizer)
    try trainModel(dataset, made)
    try drawCurves(made.tokenizer, made.model)
  }

  private mutating func trainTokenizer(_ dataset: any ImageDataset, _ artefact: Artefact) throws {
    var tokenizer = assembly.tokenizer
    let parameters = tokenizer.parameters
    guard !parameters.isEmpty else { return }
    let direction = assembly.direction
    let trainer = Trainer(
      stage: "tokenizer", plan: assembly.tokenizerTraining, seed: assembly.seed ^ 0x7461_7267, parameters: parameters,
      statistics: tokenizer.statistics, artefact: artefact, journal: journal, rival: tokenizer.rival?.parameters ?? [])
    let seed = assembly.seed
    // Statistics are objects: measuring on the copy measures for all.
    try trainer.run(
      on: dataset,
      finish: {
        let count = min(dataset.count, 512)
        var random = Random(seed: seed, samples: Array(0..<count))
        let batch = try dataset.batch(
          Self.spread(count, over: dataset.count), flipped: Array(repeating: false, count: count))
        withoutGradients { tokenizer.calibrate(on: batch.images, &random) }
      }
    ) { batch, progress, random in
      guard let loss = tokenizer.trainingLoss(batch.images, laidOutBy: direction, &random) else {
        throw LaboratoryError("this tokenizer has parameters, but no loss to train them by.")
      }
      return (loss.total, loss.parts, loss.rival)
    }
    assembly.tokenizer = tokenizer
    assembly.model.quantizer = tokenizer.quantizer
    try drawReconstructions(dataset)
  }

  private mutating func trainModel(_ dataset: any ImageDataset, _ made: Artefacts) throws {
    let tokenizer = assembly.tokenizer
    var model = assembly.model
    let trainer = Trainer(
      stage: "model", plan: assembly.training, seed: assembly.seed ^ 0x6D6F_6465, parameters: model.parameters,
      statistics: model.statistics, artefact: made.model, journal: journal)
    let seed = assembly.seed
    // Asked for at the first step: a finished model needs no latents.
    var source: LatentSource?
    try trainer.run(
      over: dataset.count,
      fetch: { rows, flipped in
        if source == nil { source = try latents(of: dataset, made.latents) }
        return try source!(rows, flipped)
      },
      prepare: {
        // What the loss must know of real tokens, from some of them.
        let count = min(dataset.count, 512)
        var random = Random(seed: seed, samples: Array(0..<count))
        let batch = try dataset.batch(
          Self.spread(count, over: dataset.count), flipped: Array(repeating: false, count: count))
        withoutGradients {
          model.loss.calibrate(
            on: model.direction.canvas(of: tokenizer.encode(batch.images, &random), by: model.quantizer),
            levels: Array(repeating: model.direction.layout.slots.map(\.level), count: count))
        }
      }
    ) { batch, progress, random in
      var random = random
      let latent = withoutGradients { batch.posterior.draw(&random) }
      return (model.trainingLoss(latent, batch.labels, progress: progress, &random).mean, [], nil)
    }
    assembly.model = model
  }

  private typealias LatentSource = ([Int], [Bool]) throws -> (posterior: Posterior, labels: [Int])

  /// Where training has latents from: a file of them, made now if it is worth it, or the tokenizer, step by step.
  private func latents(of dataset: any ImageDataset, _ artefact: Artefact) throws -> LatentSource {
    let tokenizer = assembly.tokenizer, plan = assembly.training
    func encoded(_ rows: [Int], _ flipped: [Bool]) throws -> (posterior: Posterior, labels: [Int]) {
      let batch = try dataset.batch(rows, flipped: flipped)
      return (withoutGradients { tokenizer.posterior(of: batch.images) }, batch.labels)
    }
    guard assembly.latents != .never else { return encoded }
    let lock = Lock(artefact.folder, waiting: true)
    defer { lock?.release() }
    if !Folder.exists(artefact.latents) {
      let form = try LatentCache.form(of: dataset, by: tokenizer, isMirroredToo: plan.flips)
      if assembly.latents == .auto {
        // Worth it: something is computed, more often than once, and the disk keeps half of what is free.
        let fresh = plan.steps * plan.batch, free = Environment.freeBytes(at: assembly.results) ?? 0
        guard !tokenizer.parameters.isEmpty, fresh > dataset.count * (plan.flips ? 2 : 1), form.bytes < free / 2 else {
          return encoded
        }
      }
      try artefact.prepare()
      try LatentCache.make(artefact.latents, of: dataset, by: tokenizer, form, journal)
    }
    let cache = try LatentCache(artefact.latents, tokenizer.quantizer)
    return { try cache.batch($0, flipped: $1) }
  }

  /// `count` numbers spread evenly over 0..<total.
  static func spread(_ count: Int, over total: Int) -> [Int] { (0..<count).map { $0 * total / max(1, count) } }

  // MARK: Pictures

  /// Pictures of given classes, as many as labels; picture i is the same whatever the batch.
  func paint(_ labels: [Int], from first: Int, seed: UInt64, _ watch: (Stroke) throws -> Void = { _ in }) throws
    -> Tensor
  {
    var random = Random(seed: seed, samples: Array(first..<first + labels.count))
    let latent = try assembly.model.generate(labels, assembly.sampling.guidance, &random, watch: watch)
    return withoutGradients { assembly.tokenizer.decode(latent) }
  }

  func sample() throws {
    let names = assembly.dataset.classNames, perClass = assembly.sampling.perClass, total = names.count * perClass
    let labels = names.indices.flatMap { Array(repeating: $0, count: perClass) }
    var pictures: [Picture] = [], seconds = 0.0
    for start in stride(from: 0, to: total, by: assembly.sampling.batch) {
      let part = Array(labels[start..<min(total, start + assembly.sampling.batch)]), before = Journal.seconds
      let images = try paint(part, from: start, seed: assembly.seed)
      seconds += Journal.seconds - before
      pictures += part.indices.map { Picture(images, at: $0) }
      journal.progress(
        Progress(
          stage: "sampling", done: pictures.count, total: total, details: ["\(assembly.direction.layout.grid) tokens"],
          rate: Double(pictures.count) / seconds, secondsPerStep: seconds / Double(pictures.count)))
      if Interruption.isAsked {
        throw Stopped(description: "stopped while sampling; the same command goes on from there.")
      }
    }
    let sheet = ContactSheet(
      pictures, columns: perClass, rowLabels: names, title: "\(assembly.name), seed \(assembly.seed)")
    try sheet.picture.writePNG(to: "\(folder)/samples/grid.png")
    try SampleFile.write(
      to: "\(folder)/samples.h5", pixels: pictures.flatMap(\.pixels),
      shape: [total, assembly.images.height, assembly.images.width, 3], labels: labels, classNames: names,
      seed: Int(assembly.seed))
    try MetricsLog("\(folder)/metrics.h5").append(
      "eval", step: 0, [("sampling-images-per-second", Double(total) / seconds)])
    try drawTurns(names)
  }

  /// One row per class: the picture after each turn.
  private func drawTurns(_ names: [String]) throws {
    var strips: [[Picture]] = Array(repeating: [], count: min(8, names.count)), labels: [String] = []
    let limit = 12
    _ = try paint(Array(strips.indices), from: 0, seed: assembly.seed) { stroke in
      guard labels.count < limit || stroke.view.turn.moment.step == stroke.view.turn.moment.steps - 1 else { return }
      labels.append("turn \(stroke.view.turn.moment.step + 1)")
      let latent = assembly.direction.latent(
        of: stroke.canvas, through: Self.level(of: stroke.view), by: assembly.model.quantizer)
      let images = withoutGradients { assembly.tokenizer.decode(latent) }
      for row in strips.indices { strips[row].append(Picture(images, at: row)) }
    }
    let sheet = ContactSheet(
      strips.flatMap { $0 }, columns: labels.count, rowLabels: Array(names.prefix(strips.count)), columnLabels: labels,
      title: "\(assembly.name): turn by turn")
    try sheet.picture.writePNG(to: "\(folder)/samples/turns.png")
  }

  /// The level that a turn completes: that of what it asks.
  private static func level(of view: View) -> Int { view.turn.levels == nil ? view.askedLevels[0].last ?? 0 : 0 }

  private func drawReconstructions(_ dataset: any ImageDataset) throws {
    let count = min(8, dataset.count)
    var random = Random(seed: assembly.seed, samples: Array(0..<count))
    let batch = try dataset.batch(
      Self.spread(count, over: dataset.count), flipped: Array(repeating: false, count: count))
    let again = withoutGradients { assembly.tokenizer.decode(assembly.tokenizer.encode(batch.images, &random)) }
    let sheet = ContactSheet(
      (0..<count).map { Picture(batch.images, at: $0) } + (0..<count).map { Picture(again, at: $0) }, columns: count,
      rowLabels: ["picture", "tokenizer"], title: "\(assembly.name): what the tokenizer keeps")
    try sheet.picture.writePNG(to: "\(folder)/samples/reconstructions.png")
  }

  private func drawCurves(_ tokenizer: Artefact, _ model: Artefact) throws {
    for (name, artefact) in [("tokenizer", tokenizer), ("model", model)] {
      let points = try artefact.metrics.series("train", "loss").map { (x: $0.step, y: $0.value) }
      guard !points.isEmpty else { continue }
      let plot = Plot("\(assembly.name): \(name)", x: "step", y: "loss", [Plot.Series("loss", points)], yScale: .log)
      try plot.picture().writePNG(to: "\(folder)/samples/loss-\(name).png")
      try writeWhole(Array(plot.svg().utf8), to: "\(folder)/samples/loss-\(name).svg")
    }
  }

  // MARK: Measuring

  func evaluate() throws {
    let count = min(assembly.evaluation.count, assembly.dataset.count),
      classes = max(1, assembly.dataset.classNames.count)
    guard count > 0, !assembly.metrics.isEmpty else { return }
    var metrics = assembly.metrics, done = 0
    let rows = Self.spread(count, over: assembly.dataset.count), start = Journal.seconds
    while done < count {
      let part = Array(rows[done..<min(count, done + assembly.sampling.batch)])
      let batch = try assembly.dataset.batch(part, flipped: Array(repeating: false, count: part.count))
      var random = Random(seed: assembly.seed, samples: Array(done..<done + part.count))
      let again = withoutGradients { assembly.tokenizer.decode(assembly.tokenizer.encode(batch.images, &random)) }
      let made =
        metrics.contains { $0.subject == .samples }
        ? try paint(part.indices.map { (done + $0) % classes }, from: done, seed: assembly.seed &+ 1) : nil
      for index in metrics.indices {
        switch metrics[index].subject {
        case .reconstructions: metrics[index].observe(again, beside: batch.images)
        case .samples: if let made { metrics[index].observe(made, beside: batch.images) }
        }
      }
      done += part.count
      journal.progress(
        Progress(
          stage: "evaluation", done: done, total: count, details: ["\(metrics.count) metrics"],
          rate: Double(done) / (Journal.seconds - start), secondsPerStep: (Journal.seconds - start) / Double(done)))
      if Interruption.isAsked {
        throw Stopped(description: "stopped while measuring; the same command goes on from there.")
      }
    }
    let values = metrics.flatMap { $0.values() }
    for value in values { journal.say("\(value.name): \(Progress.number(value.value)) (\(count) pictures)") }
    try MetricsLog("\(folder)/metrics.h5").append(
      "eval", step: assembly.training.steps, values.map { ($0.name, $0.value) })
    try RunResult(
      experiment: assembly.name, variant: variant, seed: Int(assembly.seed), configuration: assembly.fingerprint,
      settings: assembly.settings.values,
      measurements: values.map {
        RunResult.Number(name: $0.name, value: $0.value, lowerIsBetter: $0.lowerIsBetter, count: count)
      }
    ).write(to: folder)
  }
}
