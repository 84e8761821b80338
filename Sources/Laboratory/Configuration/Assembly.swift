import Autoregression
import Networks
import Settings
import Tensors

/// An experiment put together from its file: every part constructed, nothing trained, no data opened.
package struct Assembly {
  package var settings: Settings
  package let name: String
  package let seed: UInt64
  let results: String
  let logging: Logging
  /// What a run makes of it.
  let stages: Set<Stage>
  package var dataset: any ImageDataset
  package let images: ImageShape
  let classes: Int
  package let direction: any RegressionDirection
  package var tokenizer: any Tokenizer
  package var model: Model
  package let metrics: [any Metric]
  package let tokenizerTraining: TrainingConfiguration
  package let training: TrainingConfiguration
  let latents: LatentCaching
  package let sampling: SamplingConfiguration
  let evaluation: EvaluationConfiguration

  /// Reads the whole file; every key must be read by someone.
  ///
  /// The order tells each part of those before it: data set, grid of the tokenizer, direction, tokenizer, width of the
  /// backbone, conditioner, backbone, loss.
  package init(_ file: Settings, name: String, registry: Registry) throws(SettingsError) {
    var settings = file
    self.name = name
    let number: Int = try settings["seed", default: 0, in: 0...Int(Int32.max), about: "what all random numbers hang on"]
    seed = UInt64(number)
    results = try settings["results", default: "Results", about: "the folder that runs are written to"]

    logging = try settings[
      "logging", default: .none, about: "what else is written of a run: event files, which TensorBoard shows"]

    let named: [Stage] = try settings[
      "stages", default: Stage.allCases, about: "what a run makes; what one of them needs is made, too"]
    guard !named.isEmpty else {
      throw settings.refusal(
        "'stages' names nothing to make; name some of \(Stage.allCases.map(\.rawValue).joined(separator: ", ")).",
        at: "stages")
    }
    stages = Stage.wanted(by: named)

    var section = try settings.section("dataset", about: "where images come from")
    dataset = try registry.find("dataset", &section, as: (any ImageDataset.Type).self).init(&section)
    images = dataset.shape
    classes = max(1, dataset.classNames.count)

    var tokens = try settings.section("tokenizer", about: "from images to tokens")
    let tokenizerType = try registry.find("tokenizer", &tokens, as: (any Tokenizer.Type).self)
    let grid = try tokenizerType.grid(&tokens, images: images)

    section = try settings.section("direction", about: "in what order an image is regressed")
    direction = try registry.find("direction", &section, as: (any RegressionDirection.Type).self).init(
      &section, over: grid)

    // Each part has random numbers of its own: another backbone does not change the tokenizer.
    var random = Random(seed: seed ^ 0x746F_6B65)
    tokenizer = try tokenizerType.init(&tokens, images: images, layout: direction.layout, &random)
    var plan = try tokens.section("training", about: "how the tokenizer is trained")
    tokenizerTraining = try TrainingConfiguration(&plan, steps: 1000, batch: 64, rate: 1e-3)

    var backboneSection = try settings.section("backbone", about: "the network that looks at all tokens")
    let backboneType = try registry.find("backbone", &backboneSection, as: (any Backbone.Type).self)
    let width = try backboneType.width(&backboneSection)
    section = try settings.section("conditioner", about: "how a class is told")
    random = Random(seed: seed ^ 0x636F_6E64)
    let conditioner = try registry.find("conditioner", &section, as: (any Conditioner.Type).self)
      .init(&section, classes: classes, width: width, &random)
    random = Random(seed: seed ^ 0x6261_636B)
    let space = tokenizer.quantizer.space
    // One question is tried, to know whether codes come with what is fed.
    var trial = Random(seed: 0)
    let feedsCodes =
      direction.view(
        of: .zeros(1, direction.layout.slots.count, space),
        at: direction.trainingTurn(batch: 1, progress: 0, &trial), by: tokenizer.quantizer
      ).inputs.codes != nil
    let backbone = try backboneType.init(
      &backboneSection,
      for: BackboneShape(
        layout: direction.layout, space: space, prefixCount: conditioner.prefixCount,
        hasVector: conditioner.givesVector,
        feedsCodes: feedsCodes),
      &random)
    section = try settings.section("loss", about: "how one token is modelled")
    random = Random(seed: seed ^ 0x6C6F_7373)
    let loss = try registry.find("loss", &section, as: (any TokenLoss.Type).self)
      .init(&section, of: space, from: backbone.width, levels: direction.layout.levels, &random)
    if direction.needsConfidence && !loss.givesConfidence {
      throw section.refusal(
        "the direction reveals tokens by confidence, which this loss does not give; use a loss over codes.", at: "use")
    }
    model = Model(
      quantizer: tokenizer.quantizer, direction: direction, conditioner: conditioner, backbone: backbone, loss: loss)

    section = try settings.section("training", about: "how the model is trained")
    training = try TrainingConfiguration(&section, steps: 1000, batch: 64, rate: 4e-4)
    latents = try section[
      "cache-latents", default: .auto, about: "encode the data set once, into a file, and not at every step"]
    section = try settings.section("sampling", about: "how images are made")
    sampling = try SamplingConfiguration(&section)
    section = try settings.section("evaluation", about: "how the result is measured")
    evaluation = try EvaluationConfiguration(&section)
    var made: [any Metric] = []
    for var section in try settings.sections("metrics", about: "numbers that say how good images are") {
      made.append(try registry.find("metric", &section, as: (any Metric.Type).self).init(&section))
    }
    metrics = made
    try settings.finish()
    self.settings = settings
  }

  /// Latent cells and what lies in them, for those who print.
  var tokenSummary: String {
    let space = tokenizer.quantizer.space, grid = direction.layout.grid
    return "\(grid) tokens of \(space.width) channels" + (space.vocabulary.map { ", \($0) codes" } ?? "")
  }
}
