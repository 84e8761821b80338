import Autoregression
import Foundation
import Images
import Networks
import Settings
import Storage
import Tensors

/// One run of an experiment: trains its networks, samples from them and evaluates them, each where it is missing.
package struct Run {
  /// The experiment, with the networks as they are now.
  package var assembly: Assembly
  /// The run's folder, such as `Results/quickstart/1`.
  package let folder: String
  /// The variant's name; empty outside a sweep.
  package let variant: String
  private let journal: Journal

  /// `folder` nil: `<results>/<experiment>/<seed>`. The folder is made when the run is executed.
  package init(_ assembly: Assembly, folder: String? = nil, variant: String = "", journal: Journal) {
    self.assembly = assembly
    self.journal = journal
    self.variant = variant
    self.folder = folder ?? "\(assembly.results)/\(assembly.name)/\(assembly.seed)"
    if Folder.exists(self.folder) { journal.keep(in: self.folder) }
  }

  /// The images of the data set that metrics compare with; none before it is opened.
  package var realImages: DatasetSplit { assembly.dataset.images(of: assembly.evaluation.split) }

  /// Generates images with the networks as they are now.
  package var sampler: Sampler { Sampler(assembly, journal) }

  private var images: RunImages { RunImages(assembly: assembly, folder: "\(folder)/samples", sampler: sampler) }

  /// Evaluations by step: `metrics.h5` of the run folder.
  private var metrics: MetricsLog { MetricsLog("\(folder)/metrics.h5") }

  /// Makes the stages of the experiment in order, and records the state of the run in `STATUS`.
  ///
  /// Throws `Stopped` after a requested stop; any other error is recorded, too.
  mutating func execute() throws {
    let start = MonotonicClock.seconds
    try Folder.make("\(folder)/samples")
    journal.keep(in: folder)
    try record("running")
    RunStatus.prepare(folder, assembly.fingerprint)
    defer { RunStatus.clear() }
    try Folder.write(Environment.json, to: "\(folder)/environment.json")
    do {
      try train()
      if assembly.stages.contains(.samples) { try sample() }
      if assembly.stages.contains(.evaluation) { try evaluate() }
      guard assembly.stages.isSuperset(of: Stage.allCases.filter { $0 != .latents }) else { return try recordPart() }
      try logResult()
      try record("done")
    } catch {
      // Where this cannot be written, either, the first error is the one to report.
      try? record(error is Stopped ? "stopped" : "failed: \(error)")
      throw error
    }
    let duration = NumberFormat.duration(MonotonicClock.seconds - start)
    journal.say("\(assembly.name): done in \(duration); images are in \(folder)/samples (look at grid.png)")
  }

  /// Writes `STATUS`, and the settings with their origins.
  private func record(_ status: String) throws {
    // A signal that comes after the end must not record another one.
    RunStatus.clear()
    try Folder.write(RunStatus.content(status, assembly.fingerprint), to: "\(folder)/STATUS")
    try Folder.write(assembly.settings.resolved(origins: false), to: "\(folder)/experiment.yaml")
    try Folder.write(assembly.settings.origins, to: "\(folder)/origins.json")
  }

  /// Records a run that ends before its last stage, as the experiment's `stages` say.
  private func recordPart() throws {
    let stages = Stage.allCases.filter(assembly.stages.contains).map(\.rawValue).joined(separator: ", ")
    try record("stopped: made \(stages), as 'stages' says")
    journal.say("\(assembly.name): made \(stages), as 'stages' says; with more of them the run goes on")
  }

  // MARK: Training

  /// Trains the networks that are not trained yet.
  mutating func train() throws {
    try assembly.dataset.open()
    for note in assembly.dataset.notes { journal.say(note) }
    let artefacts = try Artefacts(of: assembly)
    // Of what an earlier execution made, the hashes stay until it is made anew.
    var record = try artefacts.record(in: assembly.results)
    record.hashes = try InputRecord.earlierHashes(in: folder)
    try record.write(to: folder)
    defer { recordStages(artefacts) }
    for artefact in [artefacts.tokenizer, artefacts.model] where artefact.stage == "model" || hasTrainedTokenizer {
      if let note = artefact.neighbourNote(isVariant: !variant.isEmpty) { journal.say(note) }
    }
    let run = self
    var training = NetworkTraining(assembly, artefacts, journal) { run.board($0.rawValue) }
    try training.trainTokenizer()
    assembly = training.assembly
    if hasTrainedTokenizer { try images.drawReconstructions() }
    guard assembly.stages.contains(.model) else {
      if assembly.stages.contains(.latents) { try training.makeLatents() }
      return
    }
    try training.trainModel()
    assembly = training.assembly
    try images.drawLosses(artefacts)
  }

  private var hasTrainedTokenizer: Bool { !assembly.tokenizer.parameters.isEmpty }

  /// Records the content of the stages that are complete. Where that is impossible, so is the next write of the run,
  /// which says so.
  private func recordStages(_ artefacts: Artefacts) {
    guard var record = try? InputRecord(in: folder) else { return }
    record.addStages(artefacts)
    try? record.write(to: folder)
  }

  /// Adopts the trained networks of this experiment; throws where one is missing, or is not the one that was recorded.
  package mutating func load() throws {
    try assembly.dataset.open()
    let artefacts = try Artefacts(of: assembly)
    var training = NetworkTraining(assembly, artefacts, journal) { _ in nil }
    try training.load()
    try InputRecord(in: folder)?.check(artefacts)
    assembly = training.assembly
  }

  // MARK: Sampling

  /// Generates `sampling.per-class` images of each class into the run's folder.
  private func sample() throws {
    let labels = assembly.dataset.classNames.indices.flatMap {
      Array(repeating: $0, count: assembly.sampling.perClass)
    }
    let samples = try sampler.samples(of: labels, seed: assembly.seed)
    try images.drawGrid(samples.images)
    try InputRecord.recording("samples.h5", in: folder) {
      try write(samples.images, labels, seed: assembly.seed, to: "\(folder)/samples.h5")
    }
    let speed = Double(labels.count) / samples.seconds
    try Interruption.holding {
      try metrics.append("eval", step: 0, [("sampling-images-per-second", speed)])
      try metrics.save()
    }
    try images.drawSpectrum(samples.images)
    try images.drawTurns()
  }

  /// Writes images with their labels to an HDF5 file; `notes` name the settings that an image was made with.
  package func write(_ images: [ByteImage], _ labels: [Int], seed: UInt64, notes: [String] = [], to path: String) throws
  {
    try SampleFile.write(
      to: path,
      .init(
        pixels: images.flatMap(\.pixels), shape: [images.count, assembly.images.height, assembly.images.width, 3],
        labels: labels, classNames: assembly.dataset.classNames), seed: Int(seed), notes: notes)
  }

  // MARK: Evaluation

  /// Returns the metrics of the networks as they are now; nil where there is nothing to measure.
  package func evaluation() throws -> Evaluation? { try Evaluator(assembly: assembly, journal: journal).evaluation() }

  /// Evaluates the networks, and records the result.
  private func evaluate() throws {
    guard let evaluation = try evaluation() else { return }
    for value in evaluation.measurements {
      journal.say(
        "\(value.name): \(NumberFormat.short(value.value)) (\(evaluation.count) images, \(evaluation.split.rawValue))")
    }
    try record(evaluation)
  }

  /// Writes an evaluation to `metrics.h5` and `results.json`, in place of an earlier one.
  package func record(_ evaluation: Evaluation) throws {
    let values = evaluation.measurements, validated = validation
    try Interruption.holding {
      try metrics.rewind("eval", to: assembly.training.steps - 1)
      try metrics.append("eval", step: assembly.training.steps, (values + validated).map { ($0.name, $0.value) })
      try metrics.save()
    }
    let result = RunResult(
      experiment: assembly.name, variant: variant, seed: Int(assembly.seed), configuration: assembly.fingerprint,
      settings: assembly.settings.values,
      measurements: values.map {
        RunResult.Number(
          name: $0.name, value: $0.value, lowerIsBetter: $0.lowerIsBetter, count: evaluation.count,
          split: evaluation.split)
      }
        + validated.map {
          RunResult.Number(
            name: $0.name, value: $0.value, lowerIsBetter: $0.lowerIsBetter,
            count: min(assembly.training.validationCount, assembly.dataset.heldOut.count), split: .heldOut)
        }
    )
    try InputRecord.recording("results.json", in: folder) { try result.write(to: folder) }
  }

  /// The last validation of the model's training; empty where there is none.
  private var validation: [Autoregression.Measurement] {
    guard let record = try? InputRecord(in: folder), let model = record.folder(of: "model", for: folder) else {
      return []
    }
    let log = MetricsLog("\(model)/metrics.h5")
    return assembly.validationSeries.compactMap { name, series in
      guard let last = try? log.series("validation", series).last, last.step == Double(assembly.training.steps) else {
        return nil
      }
      return Autoregression.Measurement(name, last.value, lowerIsBetter: true)
    }
  }

  // MARK: TensorBoard

  /// Returns the event files of a stage; nil where logging is off.
  private func board(_ stage: String) -> TensorBoard? {
    assembly.logging == .tensorboard ? TensorBoard(run: folder, stage: stage) : nil
  }

  /// Writes the evaluation and the images of the run as events.
  private func logResult() throws {
    guard let board = board("eval") else { return }
    let values = try metrics.names(in: "eval").compactMap { name in
      try metrics.series("eval", name).last.map { (name, $0.value) }
    }
    try board.show(
      values, images: ["grid", "turns", "reconstructions", "spectrum"].map { "\(folder)/samples/\($0).png" },
      step: assembly.training.steps)
  }
}
