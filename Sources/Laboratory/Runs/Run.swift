import Autoregression
import Foundation
import Images
import Networks
import Settings
import Storage
import Tensors

/// One experiment from file to images: trains what is missing, samples, measures.
package struct Run {
  package var assembly: Assembly
  let journal: Journal
  package let folder: String
  /// What varies in a sweep; empty outside one.
  package let variant: String

  /// `folder` nil: Results/<experiment>/<seed>.
  package init(_ assembly: Assembly, folder: String? = nil, variant: String = "", journal: Journal) throws {
    self.assembly = assembly
    self.journal = journal
    self.variant = variant
    self.folder = folder ?? "\(assembly.results)/\(assembly.name)/\(assembly.seed)"
    try Folder.make("\(self.folder)/samples")
    journal.keep(in: self.folder)
  }

  /// Everything, in order. What is there already is not done twice.
  mutating func all() throws {
    let start = MonotonicClock.seconds
    try note("running")
    try Folder.write(Environment.json, to: "\(folder)/environment.json")
    do {
      try train()
      if assembly.stages.contains(.samples) { try sample() }
      if assembly.stages.contains(.evaluation) { try evaluate() }
      guard assembly.stages.isSuperset(of: Stage.allCases.filter { $0 != .latents }) else {
        let made = Stage.allCases.filter(assembly.stages.contains).map(\.rawValue).joined(separator: ", ")
        try note("stopped: made \(made), as 'stages' says")
        return journal.say("\(assembly.name): made \(made), as 'stages' says; with more of them the run goes on")
      }
      try showResult()
      try note("done")
    } catch {
      // Where this cannot be written, either, the first error is the one to know.
      try? note(error is Stopped ? "stopped" : "failed: \(error)")
      throw error
    }
    journal.say(
      "\(assembly.name): done in \(NumberFormat.duration(MonotonicClock.seconds - start)); images are in \(folder)/samples (look at grid.png)"
    )
  }

  private func note(_ status: String) throws {
    try Folder.write("\(status)\nconfiguration \(assembly.fingerprint)\n", to: "\(folder)/STATUS")
    try Folder.write(assembly.settings.resolved(origins: false), to: "\(folder)/experiment.yaml")
    try Folder.write(assembly.settings.origins, to: "\(folder)/origins.json")
  }

  // MARK: Training

  mutating func train() throws {
    try assembly.dataset.open()
    let dataset = assembly.dataset
    let made = try Artefacts(of: assembly)
    try made.record.write(to: folder)
    try trainTokenizer(dataset, made.tokenizer)
    guard assembly.stages.contains(.model) else {
      if assembly.stages.contains(.latents) { _ = try latents(of: dataset, made.latents) }
      return
    }
    try trainModel(dataset, made)
    try drawCurves(made.tokenizer, made.model)
  }

  /// Puts in place what was trained before; an error where that is missing.
  package mutating func load() throws {
    try assembly.dataset.open()
    let made = try Artefacts(of: assembly), tokenizer = assembly.tokenizer, model = assembly.model
    if !tokenizer.parameters.isEmpty {
      try Trainer(
        stage: "tokenizer", plan: assembly.tokenizerTraining, seed: 0, parameters: tokenizer.parameters,
        statistics: tokenizer.statistics, artefact: made.tokenizer, journal: journal
      ).load()
      assembly.model.quantizer = tokenizer.quantizer
    }
    try Trainer(
      stage: "model", plan: assembly.training, seed: 0, parameters: model.parameters, statistics: model.statistics,
      artefact: made.model, journal: journal
    ).load()
  }

  private mutating func trainTokenizer(_ dataset: any ImageDataset, _ artefact: Artefact) throws {
    var tokenizer = assembly.tokenizer
    let parameters = tokenizer.parameters
    guard !parameters.isEmpty else { return }
    let direction = assembly.direction
    let trainer = Trainer(
      stage: "tokenizer", plan: assembly.tokenizerTraining, seed: assembly.seed ^ 0x7461_7267, parameters: parameters,
      statistics: tokenizer.statistics, artefact: artefact, journal: journal,
      discriminator: tokenizer.discriminator?.parameters ?? [],
      board: board("tokenizer"))
    let seed = assembly.seed
    // Statistics are objects: measuring on the copy measures for all.
    try trainer.run(
      on: dataset,
      finish: {
        let count = min(dataset.count, 512)
        var random = Random(seed: seed, samples: Array(0..<count))
        let batch = try dataset.batch(
          stratifiedRows(count, over: dataset.count), flipped: Array(repeating: false, count: count))
        withoutGradients { tokenizer.calibrate(on: batch.images, &random) }
      }
    ) { batch, progress, random in
      guard let loss = tokenizer.trainingLoss(batch.images, laidOutBy: direction, &random) else {
        throw LaboratoryError("this tokenizer has parameters, but no loss to train them by.")
      }
      return (loss.total, loss.parts, loss.discriminator)
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
      statistics: model.statistics, artefact: made.model, journal: journal, board: board("model"))
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
          stratifiedRows(count, over: dataset.count), flipped: Array(repeating: false, count: count))
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
    let lock = try Lock.waiting(for: artefact.folder)
    defer { lock?.release() }
    var form = try LatentCache.form(of: dataset, by: tokenizer, for: assembly.direction, isMirroredToo: plan.flips)
    if !Folder.exists(artefact.latents(form.content)) {
      if assembly.latents == .auto {
        // Worth it: something is computed, more often than once, and the disk keeps half of what is free.
        let fresh = plan.steps * plan.batch, free = Environment.freeBytes(at: assembly.results) ?? 0
        guard !tokenizer.parameters.isEmpty, fresh > dataset.count * (plan.flips ? 2 : 1), form.bytes < free / 2 else {
          return encoded
        }
      }
      try artefact.prepare()
      func make() throws -> Bool {
        try LatentCache.make(
          artefact.latents(form.content), of: dataset, by: tokenizer, for: assembly.direction, form, journal)
      }
      if try !make() {
        form.content = .values
        _ = try make()
      }
    }
    let cache = try LatentCache(artefact.latents(form.content), tokenizer.quantizer)
    return { try cache.batch($0, flipped: $1) }
  }

}
