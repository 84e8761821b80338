import Autoregression
import Networks
import Settings
import Tensors

/// The settings that both backbones read from their section, and the parts that follow from them.
struct BackboneSettings {
  /// The design of all blocks.
  private(set) var block: TransformerBlock.Design
  /// The number of blocks.
  let depth: Int
  /// The settings of MLPs.
  private let mlp: MLPSettings
  /// Position embeddings.
  let positions: PositionSettings
  /// Tokens before the first block.
  let input: InputSettings
  /// Initial weights.
  private(set) var initialization: InitializationSettings
  /// The rate of stochastic depth at the last block.
  let dropPath: Float
  /// The roles of parameters without weight decay in the preset's recipe.
  let undecayed: [Parameter.Role]

  /// Former names of keys, and the present ones.
  private static let renamedKeys = [
    ("ratio", "mlp-ratio"), ("perceptron", "activation"), ("hidden", "mlp-width"),
    ("hidden-multiple", "mlp-multiple-of"), ("hidden-dropout", "mlp-dropout"), ("adaptive", "adaptive-norm"),
    ("gate", "gate-init-scale"), ("initial-deviation", "init-std"), ("shrink-residual", "scale-residual-init"),
    ("vector", "add-condition-to"), ("embed", "token-embedding"),
    ("unplaced", "unpositioned"),
  ]

  /// Reads the width alone.
  static func width(_ settings: inout Settings, _ defaults: BackboneDefaults) throws(SettingsError) -> Int {
    try settings["width", default: defaults.width, in: 1...16_384, about: "channels of tokens in all blocks"]
  }

  /// Reads all settings; `depths` are the allowed depths, of which `aboutDepth` is the help text. Throws where settings
  /// do not fit each other or the shape.
  init(
    _ settings: inout Settings, _ defaults: BackboneDefaults, depths: ClosedRange<Int>, aboutDepth: String,
    for shape: BackboneShape
  ) throws(SettingsError) {
    for (former, present) in Self.renamedKeys { try settings.renamed(former, to: present) }
    for former in ["decay-embeddings", "decay-positions"] where settings.has(former) {
      throw settings.refusal(
        "'\(former)' is no longer a setting of the backbone; name 'positions' and 'mask-tokens' in "
          + "'training.undecayed'.",
        at: former)
    }
    undecayed = defaults.undecayed
    let width = try Self.width(&settings, defaults)
    depth = try settings["depth", default: defaults.depth, in: depths, about: aboutDepth]
    let attention = try AttentionSettings(&settings, defaults, width: width).design
    mlp = try MLPSettings(&settings, defaults, blockWidth: width)
    var block = TransformerBlock.Design(width: width, heads: attention.heads, mlpWidth: mlp.width)
    block.attention = attention
    (block.activation, block.mlpDropout, block.mlpBias) = (mlp.activation, mlp.dropout, attention.bias != .none)
    block.norm = try settings[
      "norm", default: defaults.norm,
      about: "layer norm, or root-mean-square norm (rms) as in LlamaGen (arXiv 2406.06525)"]
    block.epsilon = try settings[
      "epsilon", default: defaults.epsilon ?? (block.norm == .rms ? 1e-5 : 1e-6), in: 0...1,
      about: "the number that norms add to a variance"]
    let adaptive = try AdaptiveNormSettings(&settings, defaults, for: shape)
    (block.adaptiveNorm, block.adaptiveNormIsAffine) = (adaptive.source, adaptive.isAffine)
    if adaptive.source == .none {
      block.normFirst = try settings[
        "norm-first", default: defaults.normFirst,
        about:
          "whether norms come before attention and MLP, or after each sum (post-norm; BERT, arXiv 1810.04805; MaskGIT, "
          + "arXiv 2202.04200)"
      ]
    }
    initialization = try InitializationSettings(
      &settings, defaults, width: width, depth: depth, adaptiveNorm: block.adaptiveNorm)
    block.initialize(by: initialization)
    block.dropout = try settings[
      "dropout", default: defaults.dropout, in: 0...0.9,
      about: "the dropout rate of the outputs of attention and MLP; MAR (arXiv 2406.11838), FAR, LlamaGen: 0.1"]
    dropPath = try settings[
      "drop-path", default: defaults.dropPath, in: 0...0.9,
      about:
        "stochastic depth (arXiv 1603.09382): the fraction of samples that skip the last block in "
        + "training, linearly less for earlier ones; VAR (arXiv 2404.02905): 0.1 depth / 24"
    ]
    self.block = block
    positions = try PositionSettings(&settings, defaults)
    input = try InputSettings(&settings, defaults, adaptiveNorm: block.adaptiveNorm, for: shape)
  }

  /// Channels of tokens.
  var width: Int { block.width }

  /// Channels of a head.
  var headWidth: Int { block.width / block.attention.heads }

  /// Reads the width of one stack of several from its section.
  static func stackWidth(_ section: inout Settings, _ width: Int) throws(SettingsError) -> Int {
    try section["width", default: width, in: 1...16_384, about: "channels of tokens in its blocks"]
  }

  /// Reads the sizes of one stack of several from its section, by default these, and returns the settings in its sizes.
  /// `depth` is the number of blocks of all stacks. Throws where sizes do not fit each other.
  func resized(_ section: inout Settings, of depth: Int) throws(SettingsError) -> BackboneSettings {
    var stack = self
    stack.block.width = try Self.stackWidth(&section, width)
    let width = stack.width
    let heads: Int = try section["heads", default: block.attention.heads, in: 1...256, about: "attention heads"]
    guard width % heads == 0 else {
      throw section.refusal(
        "\(width) channels do not divide into \(heads) heads; let 'heads' divide 'width'.", at: "heads")
    }
    stack.block.attention.heads = heads
    let ratio: Int = try section[
      "mlp-ratio", default: mlp.ratio, in: 1...16, about: "the width of the MLP's hidden layer as a multiple of 'width'"
    ]
    if width != self.width || ratio != mlp.ratio {
      stack.block.mlpWidth = mlp.activation.hiddenWidth(width, ratio: ratio, multipleOf: mlp.multiple)
    }
    (stack.initialization.width, stack.initialization.depth) = (width, depth)
    stack.block.initialize(by: stack.initialization)
    try stack.checkPositions(section)
    return stack
  }

  /// Throws where position embeddings do not fit the width of blocks or heads.
  func checkPositions(_ settings: Settings) throws(SettingsError) {
    try positions.check(width: width, headWidth: headWidth, settings)
  }
}

extension BackboneSettings {
  /// True where the conditioning vector modulates norms.
  var isAdaptive: Bool { block.adaptiveNorm != .none }

  /// Makes blocks `range` of `depth` in all stacks; the rate of stochastic depth grows linearly from 0 to `dropPath`.
  func blocks(_ range: Range<Int>, of depth: Int, _ random: inout Random) -> [TransformerBlock] {
    range.map { TransformerBlock(block, dropPath: dropPath * Float($0) / Float(max(1, depth - 1)), &random) }
  }

  /// Makes a norm over `width` channels.
  func norm(isLearned: Bool) -> Norm { Norm(block.norm, width, isLearned: isLearned, epsilon: block.epsilon) }

  /// True where the last block's output still has to be normalized.
  var needsFinalNorm: Bool { block.normFirst }

  /// Makes the norm before the head where the conditioning vector modulates norms.
  func adaptiveNorm(_ random: inout Random) -> AdaptiveNorm? {
    guard isAdaptive else { return nil }
    return AdaptiveNorm(
      norm(isLearned: false), width, standardDeviation: initialization.modulationDeviation, &random)
  }

  /// Makes the adaLN layer of all blocks, weight [6 width, width], where they share one.
  func sharedModulation(_ random: inout Random) -> Linear? {
    guard block.adaptiveNorm == .shared else { return nil }
    return Linear(from: width, to: 6 * width, weight: initialization.weight, &random)
  }

  /// Makes a table of position or level embeddings [entries, width].
  func table(_ entries: Int, _ random: inout Random) -> Embedding {
    Embedding(entries, width: width, weight: initialization.embedding, role: .position, &random)
  }

  /// Makes a learned vector for each of some positions, [positions, width]; that of a single one is a bias.
  func positionVectors(_ count: Int, _ random: inout Random) -> Parameter {
    Parameter(initialization.embedding([count, width], &random), role: count > 1 ? .position : .bias)
  }

  /// Makes the mask token [1, 1, width].
  func maskToken(_ random: inout Random) -> Parameter {
    Parameter(initialization.embedding([1, 1, width], &random), role: .maskToken)
  }
}

extension TransformerBlock.Design {
  /// Takes the initial weights that the settings ask for in the block's width.
  fileprivate mutating func initialize(by settings: InitializationSettings) {
    (weight, residual) = (settings.weight, settings.residual)
    (gateDeviation, modulationDeviation) = (settings.gateDeviation, settings.modulationDeviation)
  }
}

extension Norm.Kind: Setting {}
extension AdaptiveNorms: Setting {}
