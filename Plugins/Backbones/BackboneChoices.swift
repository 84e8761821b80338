import Autoregression
import Networks
import Settings
import Tensors

/// How a backbone knows where a token lies.
enum Positions: String, Setting, CaseIterable {
  /// One learned vector per position.
  case learned
  /// Fixed vectors of sines and cosines (MAE).
  case sineCosine = "sin-cos"
  /// Queries and keys turned by row and column (LlamaGen).
  case rotary
}

/// Where the vector of a condition is added to tokens.
enum VectorUse: String, Setting, CaseIterable {
  case everywhere
  /// Where nothing is shown: the class is the first token (VAR, LlamaGen).
  case blanks
}

/// What rotary positions do to a place that has none, such as a class.
enum Unplaced: String, Setting, CaseIterable { case unturned, zero }

/// Everything that both backbones read from their section.
struct BackboneChoices {
  let width: Int
  let depth: Int
  let block: TransformerBlock.Design
  let embed: TokenInput.Kind
  let positions: Positions
  let decaysPositions: Bool
  let rotaryBase: Float
  let unplaced: Unplaced
  let vector: VectorUse
  let dropPath: Float
  let tokenDropout: Float
  /// How linear layers outside blocks begin, and tables, positions and blanks.
  let weight: Initialization
  let embedding: Initialization

  static func width(_ settings: inout Settings, _ defaults: BackboneDefaults) throws(SettingsError) -> Int {
    try settings["width", default: defaults.width, in: 1...16_384, about: "channels of every layer"]
  }

  init(
    _ settings: inout Settings, _ defaults: BackboneDefaults, depths: ClosedRange<Int>, depthIs: String,
    for shape: BackboneShape
  ) throws(SettingsError) {
    let width = try Self.width(&settings, defaults)
    let depth: Int = try settings["depth", default: defaults.depth, in: depths, about: depthIs]
    let heads: Int = try settings["heads", default: defaults.heads, in: 1...256, about: "attention heads"]
    let ratio: Int = try settings["ratio", default: 4, in: 1...16, about: "width of the perceptrons, as a multiple"]
    guard width % heads == 0 else {
      throw settings.refusal(
        "\(width) channels do not divide into \(heads) heads; let 'heads' divide 'width'.", at: "heads")
    }
    let perceptron: MLPActivation = try settings[
      "perceptron", default: defaults.perceptron,
      about:
        "what bends between the two layers of a block; VAR (arXiv 2404.02905): gelu-tanh, LlamaGen (arXiv 2406.06525): swiglu"
    ]
    var multiple = 1
    if perceptron.hasGate {
      multiple = try settings[
        "hidden-multiple", default: 256, in: 1...4096,
        about: "the width of a gated perceptron is rounded up to a multiple of it (LlamaGen, arXiv 2406.06525)"]
    }
    let hidden: Int = try settings[
      "hidden",
      default: (width == defaults.width ? defaults.hidden : nil)
        ?? perceptron.hiddenWidth(width, ratio: ratio, multipleOf: multiple),
      in: 1...1_000_000,
      about: "width of the perceptrons; follows from 'ratio' (gated: two thirds of it)"]
    var block = TransformerBlock.Design(width: width, heads: heads, hidden: hidden)
    block.perceptron = perceptron
    block.norm = try settings[
      "norm", default: defaults.norm, about: "layer norm, or root mean square as in LlamaGen (arXiv 2406.06525)"]
    block.epsilon = try settings[
      "epsilon", default: block.norm == .rms ? 1e-5 : 1e-6, in: 0...1, about: "what norms add to a variance"]
    block.attention.norm = try settings[
      "qk-norm", default: defaults.queryNorm,
      about:
        "how queries and keys are sized: l2 with a learned scale (VAR, arXiv 2404.02905), layer (RAR, arXiv 2411.00776)"
    ]
    block.attention.scale = try settings[
      "attention-scale", default: 1, in: 0.001...1000,
      about: "times 1/sqrt(channels of a head); VAR without qk-norm (arXiv 2404.02905): 0.25"]
    block.attention.bias = try settings[
      "bias", default: defaults.bias,
      about:
        "which linear layers of a block have one: none (LlamaGen, arXiv 2406.06525); queries-values: all but keys (VAR, arXiv 2404.02905)"
    ]
    block.attention.outputBias = block.attention.bias != .none
    block.perceptronBias = block.attention.bias != .none
    block.adaptive = try settings[
      "adaptive", default: defaults.adaptive,
      about:
        "whether the condition's vector moves the norms, by a layer per block or one shared (VAR, arXiv 2404.02905)"]
    guard block.adaptive == .none || shape.hasVector else {
      throw settings.refusal(
        "'adaptive: \(block.adaptive.yaml)' needs a vector, which this conditioner does not give; choose another conditioner, or 'adaptive: none'.",
        at: "adaptive")
    }
    let deviation: Float = try settings[
      "initial-deviation", default: defaults.deviation, in: 0...1,
      about:
        "of weights at the start; 0: Glorot's for linear layers (MAR, arXiv 2406.11838); LlamaGen (arXiv 2406.06525): 0.02"
    ]
    weight = deviation == 0 ? .glorot : .normal(standardDeviation: deviation)
    embedding = .normal(standardDeviation: deviation == 0 ? 0.02 : deviation)
    let shrinks: Bool = try settings[
      "shrink-residual", default: defaults.shrinksResidual,
      about: "layers that end in the sum begin smaller by sqrt(2 depth) (VAR, arXiv 2404.02905)"]
    let start = deviation == 0 ? (1 / Float(width)).squareRoot() : deviation
    block.weight = weight
    block.residual = shrinks ? .normal(standardDeviation: start / Float(2 * depth).squareRoot()) : weight
    if block.adaptive != .none {
      let gate: Float = try settings[
        "gate", default: defaults.gate, in: 0...1,
        about: "weights that make gates of adaptive norms begin so much smaller (VAR, arXiv 2404.02905: 1e-3 to 1e-5)"]
      let spread = block.adaptive == .shared ? (1 / Float(width)).squareRoot() : start
      (block.gateDeviation, block.shiftDeviation) = (gate * spread, 0.5 * spread)
    }
    block.dropout = try settings[
      "dropout", default: defaults.dropout, in: 0...0.9,
      about: "share dropped from projections in training; MAR (arXiv 2406.11838), FAR, LlamaGen: 0.1"]
    block.hiddenDropout = try settings[
      "hidden-dropout", default: defaults.hiddenDropout, in: 0...0.9,
      about: "share dropped inside perceptrons; MAR (arXiv 2406.11838): 0.1"]
    block.attention.dropout = try settings[
      "attention-dropout", default: defaults.attentionDropout, in: 0...0.9,
      about: "share dropped from attention; MAR (arXiv 2406.11838): 0.1; a slower form of attention"]
    tokenDropout = try settings[
      "token-dropout", default: defaults.tokenDropout, in: 0...0.9,
      about: "share dropped from what goes in; LlamaGen (arXiv 2406.06525): 0.1"]
    dropPath = try settings[
      "drop-path", default: defaults.dropPath, in: 0...0.9,
      about:
        "share of samples that pass by the last block in training, less for those before it; VAR (arXiv 2404.02905): 0.1 depth / 24"
    ]
    positions = try settings[
      "positions", default: defaults.positions,
      about: "learned; sin-cos (MAE, arXiv 2111.06377); rotary in two dimensions (LlamaGen, arXiv 2406.06525)"]
    decaysPositions = try settings[
      "decay-positions", default: defaults.decaysPositions,
      about: "whether weight decay pulls at positions and blanks; VAR (arXiv 2404.02905): false"]
    var (base, unplaced): (Float, Unplaced) = (10_000, defaults.unplaced)
    switch positions {
    case .learned: break
    case .sineCosine:
      guard width % 4 == 0 else {
        throw settings.refusal("'positions: sin-cos' needs a width that 4 divides, not \(width).", at: "positions")
      }
    case .rotary:
      guard width / heads % 4 == 0 else {
        throw settings.refusal(
          "'positions: rotary' needs heads whose width 4 divides, not \(width / heads); change 'heads' or 'width'.",
          at: "positions")
      }
      base = try settings["rotary-base", default: 10_000, in: 1...1e9, about: "the slowest pair's period, about"]
      unplaced = try settings[
        "unplaced", default: unplaced,
        about: "queries and keys of a place without a position: unturned, or zero as in LlamaGen (arXiv 2406.06525)"]
    }
    (rotaryBase, self.unplaced) = (base, unplaced)
    vector = try settings[
      "vector", default: defaults.vector ?? (block.adaptive == .none ? .everywhere : .blanks),
      about:
        "where the condition's vector is added: blanks makes the class the first token (VAR, arXiv 2404.02905; LlamaGen)"
    ]
    embed = try settings[
      "embed", default: defaults.embed,
      about: "what of a token goes in: its values, or a free vector for its code (LlamaGen, arXiv 2406.06525)"]
    if embed == .codes {
      guard shape.space.vocabulary != nil else {
        throw settings.refusal(
          "'embed: codes' needs a tokenizer with a vocabulary; the one chosen has continuous tokens. Use 'embed: values'.",
          at: "embed")
      }
      guard shape.feedsCodes else {
        throw settings.refusal(
          "'embed: codes' needs tokens as they are, and this direction feeds sums or averages of them. Use 'embed: values'.",
          at: "embed")
      }
    }
    self.width = width
    self.depth = depth
    self.block = block
  }

  /// Blocks `range` of all; the share of samples that pass them by grows evenly to `dropPath`.
  func blocks(_ range: Range<Int>, of count: Int, _ random: inout Random) -> [TransformerBlock] {
    range.map { TransformerBlock(block, dropPath: dropPath * Float($0) / Float(max(1, count - 1)), &random) }
  }

  func rotation(_ spots: [[Spot?]]) -> RotaryAngles? {
    guard positions == .rotary else { return nil }
    return RotaryAngles(
      spots, headWidth: width / block.attention.heads, base: rotaryBase, isZeroWhereNone: unplaced == .zero)
  }

  func table(_ entries: Int, _ random: inout Random) -> Embedding {
    Embedding(entries, width: width, weight: embedding, decays: decaysPositions, &random)
  }

  /// Rows that stand for no token.
  func rows(_ shape: [Int], _ random: inout Random, decays: Bool? = nil) -> Parameter {
    Parameter(embedding(shape, &random), decays: decaysPositions ? decays : false)
  }
}

extension Layout {
  /// Where a slot lies, in cells of the grid.
  func spot(_ slot: Slot) -> Spot {
    Spot(row: slot.row * Float(grid.height) - 0.5, column: slot.column * Float(grid.width) - 0.5)
  }
}

extension Norm.Kind: Setting {}
extension MLPActivation: Setting {}
extension AdaptiveNorms: Setting {}
extension Attention.QueryNorm: Setting {}
extension Attention.Bias: Setting {}
