import Autoregression
import Files
import Networks
import Settings
import Storage
import Tensors

/// An experiment assembled from its file: every component constructed, nothing trained, no data opened.
package struct Assembly {
  /// The file's settings with every read recorded.
  package var settings: Settings
  /// The experiment's name: its key `name`, or else that of its file.
  package let name: String
  /// The root of all random number streams.
  package let seed: UInt64
  /// The folder that runs are written to.
  let results: String
  /// Logs besides the run's own files.
  let logging: Logging
  /// The stages that a run makes.
  let stages: Set<Stage>
  /// The data set with its splits; opened by those that read it.
  package var dataset: SplitDataset
  /// Height and width of the images, in pixels.
  package let images: ImageShape
  /// Classes of the data set; 1 where it has none.
  let classes: Int
  /// The order and grouping in which tokens are regressed.
  package let direction: any RegressionDirection
  /// The encoder, decoder and quantizer of tokens.
  package var tokenizer: any Tokenizer
  /// Conditioner, backbone and loss, with the direction and the quantizer.
  package var model: Model
  /// The metrics of the section `metrics`.
  package let metrics: [any Metric]
  /// The section `tokenizer.training`.
  package let tokenizerTraining: TrainingConfiguration
  /// The section `training`.
  package let training: TrainingConfiguration
  /// The setting `training.cache-latents`.
  let latentCaching: LatentCaching
  /// The section `sampling`.
  package let sampling: SamplingConfiguration
  /// The section `evaluation`.
  let evaluation: EvaluationConfiguration

  /// Reads the whole file; throws where a key is left over that no component reads.
  ///
  /// Components are made in an order in which each knows those it depends on: data set, grid of the tokenizer,
  /// direction, tokenizer, width of the backbone, conditioner, backbone, loss.
  package init(_ file: Settings, name: String, registry: Registry) throws(SettingsError) {
    if Initialization.allocatesStorage { try Self.refuseUnlessWeightsFit(file, name: name, registry: registry) }
    var settings = file
    let seed: Int = try settings[
      "seed", default: 0, in: 0...Int(Int32.max), about: "seed of all random number generators"]
    self.seed = UInt64(seed)
    results = try settings["results", default: "Results", about: "the folder that runs are written to"]
    let chosenName: String? = try settings[
      optional: "name", about: "name of the experiment and of its folder in 'results'; that of the file by default"]
    self.name = chosenName ?? name
    logging = try settings[
      "logging", default: .none, about: "further logs of a run: event files for TensorBoard"]
    stages = try Stage.selection(&settings)
    try Self.check(self.name, settings)

    let factory = ComponentFactory(registry: registry, seed: self.seed)
    dataset = try factory.dataset(&settings)
    images = dataset.shape
    classes = max(1, dataset.classNames.count)
    let tokens = try factory.tokens(&settings, images: images)
    (direction, tokenizer, tokenizerTraining) = (tokens.direction, tokens.tokenizer, tokens.training)
    model = try factory.model(&settings, tokenizer: tokenizer, direction: direction, classes: classes)

    var section = try settings.section("training", about: "training of the model")
    training = try TrainingConfiguration(
      &section, steps: 1000, batch: 64, learningRate: 4e-4, undecayed: model.backbone.undecayed)
    latentCaching = try section[
      "cache-latents", default: .auto, about: "encode the data set once, into a file, instead of at every step"]
    guard latentCaching != .always || training.augmentation.views != nil else {
      throw section.refusal(
        "'cache-latents: true' needs a finite number of windows of an image: 'crop' center or five, and 'resize' with "
          + "two equal numbers.", at: "cache-latents")
    }
    section = try settings.section("sampling", about: "generation of images with the trained model")
    sampling = try SamplingConfiguration(&section)
    section = try settings.section("evaluation", about: "evaluation of the trained model")
    evaluation = try EvaluationConfiguration(&section)
    metrics = try factory.metrics(&settings)
    try settings.finish()
    self.settings = settings
    // What is counted without storage is refused from here on, too: sums of sizes stay far from overflow.
    try refuse(extraCopies: 0, beyond: 1 << 44, as: "at most 16384 GiB can be planned")
  }

  /// The latent grid and its tokens in words: "4x4 tokens of 8 channels, 1024 codes".
  var tokenSummary: String {
    let space = tokenizer.quantizer.space, grid = direction.layout.grid
    return "\(grid) tokens of \(space.width) channels" + (space.vocabulary.map { ", \($0) codes" } ?? "")
  }

  /// The settings that affect results.
  var resultSettings: ResultSettings { ResultSettings(settings.values) }

  /// Throws where a name cannot be that of a folder beside `artefacts`.
  private static func check(_ name: String, _ settings: Settings) throws(SettingsError) {
    let isFolder =
      !name.isEmpty && name.utf8.count <= 200 && ![".", "..", "artefacts"].contains(name)
      && !name.unicodeScalars.contains { $0 == "/" || $0.value < 32 }
    guard !isFolder else { return }
    throw settings.refusal(
      "'\(name)' cannot be the name of an experiment, which is that of a folder in 'results' beside 'artefacts'; set "
        + "'name' to another.", at: "name")
  }

  /// Hash of all settings that were read, except for the seed, the name, where results go, how they are shown, and
  /// which stages a run makes.
  var fingerprint: String {
    let lines = settings.reads.filter { section, reading in
      reading.yaml != nil
        && !(section.isEmpty && ["seed", "name", "results", "logging", "stages"].contains(reading.key))
    }.map { section, reading in "\(section).\(reading.key)=\(reading.yaml ?? "")" }
    return SHA256.hex(of: lines.sorted().joined(separator: "\n"))
  }
}
