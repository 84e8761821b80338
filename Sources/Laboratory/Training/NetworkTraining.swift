import Autoregression
import Networks
import Storage
import Tensors

/// Trains the two networks of an experiment: the tokenizer, then the model on its latents.
struct NetworkTraining {
  /// The experiment; its tokenizer and model are trained in place.
  private(set) var assembly: Assembly
  private let artefacts: Artefacts
  private let journal: Journal
  /// Returns the event files of a stage; nil where logging is off.
  private let board: (Stage) -> TensorBoard?

  /// The data set of `assembly` must be open.
  init(_ assembly: Assembly, _ artefacts: Artefacts, _ journal: Journal, board: @escaping (Stage) -> TensorBoard?) {
    (self.assembly, self.artefacts, self.journal, self.board) = (assembly, artefacts, journal, board)
  }

  /// Opens the latents that the model is trained on.
  private var source: LatentSource.Builder {
    LatentSource.Builder(assembly: assembly, artefact: artefacts.latents, journal: journal)
  }

  /// Adopts the trained networks; throws where a stage is not complete.
  mutating func load() throws {
    if !assembly.tokenizer.parameters.isEmpty {
      try tokenizerTrainer(seed: 0).load()
      assembly.model.quantizer = assembly.tokenizer.quantizer
    }
    try modelTrainer(seed: 0).load()
  }

  /// Returns the trainer of the tokenizer, whose parameters are shared with the assembly's.
  private func tokenizerTrainer(
    seed: UInt64, discriminator: NamedParameters = [], board: TensorBoard? = nil, validation: Validation? = nil
  ) -> Trainer {
    Trainer(
      stage: "tokenizer", configuration: assembly.tokenizerTraining, seed: seed,
      parameters: assembly.tokenizer.parameters, statistics: assembly.tokenizer.statistics,
      artefact: artefacts.tokenizer, journal: journal, discriminator: discriminator, board: board,
      validation: validation)
  }

  /// Returns the trainer of the model, whose parameters are shared with the assembly's.
  private func modelTrainer(seed: UInt64, board: TensorBoard? = nil, validation: Validation? = nil) -> Trainer {
    Trainer(
      stage: "model", configuration: assembly.training, seed: seed, parameters: assembly.model.parameters,
      statistics: assembly.model.statistics, artefact: artefacts.model, journal: journal,
      head: assembly.model.loss.parameters.map(\.parameter), board: board,
      validation: validation)
  }

  /// At most 512 images from all over those of training, as statistics are measured on.
  private func calibrationBatch() throws -> (batch: Batch, random: Random) {
    let images = assembly.dataset.train, count = min(images.count, 512)
    let batch = try images.batch(stratifiedRows(count, over: images.count))
    return (batch, Random(seed: assembly.seed, samples: Array(0..<count)))
  }

  /// Trains the tokenizer, and measures its statistics once it is trained. A tokenizer without parameters stays as it
  /// is.
  mutating func trainTokenizer() throws {
    var tokenizer = assembly.tokenizer
    guard !tokenizer.parameters.isEmpty else { return }
    let direction = assembly.direction, images = assembly.dataset.train, loader = BatchLoader(images)
    let trainer = tokenizerTrainer(
      seed: assembly.seed ^ 0x7461_7267, discriminator: tokenizer.discriminator?.parameters ?? [],
      board: board(.tokenizer),
      validation: Validation(ofTokenizer: tokenizer, assembly))
    try trainer.run(
      on: Trainer.Source(
        count: images.count, batch: { try loader.batch($0, augmented: $1) }, numbers: { [("image", $0.images)] },
        images: loader, blockStarts: assembly.tokenizerTraining.shuffleWindow > 0 ? images.blockStarts : []),
      afterLastStep: {
        // Statistics are objects: measuring on this copy measures for all.
        var (batch, random) = try calibrationBatch()
        withoutGradients { tokenizer.calibrate(on: batch.images, &random) }
      }
    ) { batch, _, random in
      guard let loss = tokenizer.trainingLoss(batch.images, laidOutBy: direction, &random) else {
        throw LaboratoryError("this tokenizer has parameters, but no loss to train them by.")
      }
      return Trainer.StepLoss(total: loss.total, parts: loss.parts, discriminator: loss.discriminator)
    }
    assembly.tokenizer = tokenizer
    assembly.model.quantizer = tokenizer.quantizer
  }

  /// Writes the latents of the data set, where `training.cache-latents` allows.
  func makeLatents() throws { _ = try source.source(reading: BatchLoader(assembly.dataset.train)) }

  /// Trains the model on latents, after the loss has measured the statistics of tokens that it needs.
  mutating func trainModel() throws {
    let tokenizer = assembly.tokenizer, images = assembly.dataset.train, loader = BatchLoader(images)
    let builder = source
    var model = assembly.model
    // Opened at the first step: a finished model reads no latents.
    var opened: LatentSource?
    func latents() throws -> LatentSource {
      if let opened { return opened }
      let source = try builder.source(reading: loader)
      opened = source
      return source
    }
    try modelTrainer(
      seed: assembly.seed ^ 0x6D6F_6465, board: board(.model), validation: Validation(ofModel: model, assembly)
    ).run(
      on: Trainer.Source(
        count: images.count, batch: { try latents().batch($0, augmented: $1) },
        numbers: { [("latent of image", $0.posterior.mean)] }, images: loader,
        blockStarts: assembly.training.shuffleWindow > 0 ? images.blockStarts : []),
      beforeFirstStep: {
        var (batch, random) = try calibrationBatch()
        let count = batch.labels.count, levels = model.direction.layout.slots.map(\.level)
        withoutGradients {
          model.loss.calibrate(
            on: model.direction.canvas(of: tokenizer.encode(batch.images, &random), by: model.quantizer),
            levels: Array(repeating: levels, count: count))
        }
      }
    ) { batch, progress, random in
      var random = random
      let latent = withoutGradients { batch.posterior.draw(&random) }
      return Trainer.StepLoss(total: model.trainingLoss(latent, batch.labels, progress: progress, &random).mean)
    }
    assembly.model = model
  }
}
