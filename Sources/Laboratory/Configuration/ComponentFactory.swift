import Autoregression
import Networks
import Settings
import Tensors

/// Constructs the components that an experiment's sections name.
///
/// Each component has a random number stream of its own, so that another backbone does not change the tokenizer.
struct ComponentFactory {
  /// The most tokens of an image, 512x512: four times those of any published model.
  private static let tokenLimit = 1 << 18
  /// The components that sections may name.
  let registry: Registry
  /// The root of the streams.
  let seed: UInt64

  /// Streams, distinguished by four ASCII letters that are XORed into the seed.
  private enum Stream: UInt64 {
    case tokenizer = 0x746F_6B65  // "toke"
    case conditioner = 0x636F_6E64  // "cond"
    case backbone = 0x6261_636B  // "back"
    case loss = 0x6C6F_7373  // "loss"
  }

  private func random(_ stream: Stream) -> Random { Random(seed: seed ^ stream.rawValue) }

  /// Reads the section `dataset`.
  func dataset(_ settings: inout Settings) throws(SettingsError) -> SplitDataset {
    var section = try settings.section("dataset", about: "source of the images")
    let source = try registry.find("dataset", &section, as: (any ImageDataset.Type).self).init(&section)
    return try SplitDataset(source, &section)
  }

  /// The components that decide how an image becomes tokens.
  struct TokenComponents {
    let direction: any RegressionDirection
    let tokenizer: any Tokenizer
    let training: TrainingConfiguration
  }

  /// Reads the sections `tokenizer` and `direction`. The tokenizer says the grid, the direction the layout over it.
  func tokens(_ settings: inout Settings, images: ImageShape) throws(SettingsError) -> TokenComponents {
    var section = try settings.section("tokenizer", about: "mapping between images and tokens")
    let type = try registry.find("tokenizer", &section, as: (any Tokenizer.Type).self)
    let grid = try type.grid(&section, images: images)
    guard grid.count <= Self.tokenLimit else {
      throw section.refusal(
        "images of \(images.height)x\(images.width) become \(grid) tokens; at most \(Self.tokenLimit) are possible: "
          + "use smaller images or a larger 'stride'.")
    }

    var inner = try settings.section("direction", about: "order in which an image is regressed")
    let direction = try registry.find("direction", &inner, as: (any RegressionDirection.Type).self)
      .init(&inner, over: grid)

    var random = random(.tokenizer)
    let tokenizer = try type.init(&section, images: images, layout: direction.layout, &random)
    inner = try section.section("training", about: "training of the tokenizer")
    let training = try TrainingConfiguration(&inner, steps: 1000, batch: 64, learningRate: 1e-3)
    return TokenComponents(direction: direction, tokenizer: tokenizer, training: training)
  }

  /// Reads the sections `backbone`, `conditioner` and `loss`.
  func model(
    _ settings: inout Settings, tokenizer: any Tokenizer, direction: any RegressionDirection, classes: Int
  ) throws(SettingsError) -> Model {
    let space = tokenizer.quantizer.space
    var backboneSection = try settings.section("backbone", about: "network over all tokens")
    let backboneType = try registry.find("backbone", &backboneSection, as: (any Backbone.Type).self)
    let width = try backboneType.conditionWidth(&backboneSection)

    var section = try settings.section("conditioner", about: "class conditioning")
    var random = random(.conditioner)
    let conditioner = try registry.find("conditioner", &section, as: (any Conditioner.Type).self)
      .init(&section, classes: classes, width: width, &random)

    random = self.random(.backbone)
    let shape = BackboneShape(
      layout: direction.layout, space: space, prefixCount: conditioner.prefixCount, hasVector: conditioner.givesVector,
      feedsCodes: feedsCodes(direction, tokenizer.quantizer), showsEqually: direction.showsEqually)
    let backbone = try backboneType.init(&backboneSection, for: shape, &random)

    section = try settings.section("loss", about: "loss and sampler of one token")
    random = self.random(.loss)
    var loss = try registry.find("loss", &section, as: (any TokenLoss.Type).self)
      .init(&section, of: space, from: backbone.width, levels: direction.layout.levels, &random)
    if let table = backbone.outputTable, !loss.tie(to: table) {
      throw section.refusal(
        "the weights of the head are vectors of codes of the backbone ('tied-output'), and this loss has no head "
          + "over codes; use loss 'cross-entropy', or 'tied-output: false'.", at: "use")
    }
    if direction.needsConfidence && !loss.givesConfidence {
      throw section.refusal(
        "the direction reveals tokens by confidence, which this loss does not give; use a loss over codes.", at: "use")
    }
    return Model(
      quantizer: tokenizer.quantizer, direction: direction, conditioner: conditioner, backbone: backbone, loss: loss)
  }

  /// Returns true where the inputs of a view have codes; found by one training turn on masked tokens.
  private func feedsCodes(_ direction: any RegressionDirection, _ quantizer: any Quantizer) -> Bool {
    var random = Random(seed: 0)
    let turn = direction.trainingTurn(batch: 1, progress: 0, &random)
    return direction.view(of: .zeros(1, direction.layout.slots.count, quantizer.space), at: turn, by: quantizer)
      .inputs.codes != nil
  }

  /// Reads the list `metrics`.
  func metrics(_ settings: inout Settings) throws(SettingsError) -> [any Metric] {
    var metrics: [any Metric] = []
    for var section in try settings.sections("metrics", about: "measures of image quality") {
      metrics.append(try registry.find("metric", &section, as: (any Metric.Type).self).init(&section))
    }
    return metrics
  }
}
