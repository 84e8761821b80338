import Tensors

/// Attention and a two-layer perceptron, each after a norm and added to what came in (pre-norm, as in ViT and MAE).
public struct TransformerBlock: Module {
  public let norm1: Norm
  public let attention: Attention
  public let norm2: Norm
  /// [hidden, width]
  public let expand: Linear
  public let gate: Linear?
  public let contract: Linear
  /// How a condition moves the norms; nil: it does not.
  public let modulation: Modulation?
  public let design: Design
  /// Share of samples that pass by this block in training.
  public let dropPath: Float

  /// What papers differ in. Defaults are those of ViT (Dosovitskiy et al. 2020, arXiv 2010.11929).
  public struct Design: Sendable {
    public var width: Int
    /// Channels inside the perceptron.
    public var hidden: Int
    public var attention: Attention.Design
    public var perceptron = MLPActivation.gelu
    public var perceptronBias = true
    public var norm = Norm.Kind.layer
    public var epsilon: Float?
    public var adaptive = AdaptiveNorms.none
    /// Deviations of the weights that make gates, and of those that make scales and shifts, at the start.
    public var gateDeviation: Float = 0
    public var shiftDeviation: Float = 0
    public var weight = Initialization.glorot
    /// Of the layers that end in the sum.
    public var residual = Initialization.glorot
    /// Share of numbers that training drops from what is added.
    public var dropout: Float = 0
    /// The same inside the perceptron.
    public var hiddenDropout: Float = 0

    public init(width: Int, heads: Int, hidden: Int) {
      self.width = width
      self.hidden = hidden
      attention = Attention.Design(heads: heads)
    }
  }

  /// What a block is told besides its tokens.
  public struct Surroundings {
    /// How many leading places each sees; nil: all.
    public var visible: [Int]?
    public var rotation: RotaryAngles?
    /// What norms are moved by: [batch, width], or [batch, 6 width] where blocks share a layer.
    public var told: Tensor?
    public var cache: AttentionCache?
    /// How many leading places the cache stands for.
    public var start = 0
    /// The only places that come out, each sample's own, as many for each; nil: all. All are seen nevertheless, so
    /// `visible` must be nil.
    public var wanted: Indices?

    public init(
      visible: [Int]?, rotation: RotaryAngles? = nil, told: Tensor? = nil, cache: AttentionCache? = nil, start: Int = 0
    ) {
      self.visible = visible
      self.rotation = rotation
      self.told = told
      self.cache = cache
      self.start = start
    }
  }

  public init(_ design: Design, dropPath: Float = 0, _ random: inout Random) {
    let isPlain = design.adaptive == .none
    norm1 = Norm(design.norm, design.width, isLearned: isPlain, epsilon: design.epsilon)
    attention = Attention(
      design.width, design.attention, weight: design.weight, output: design.residual, &random)
    norm2 = Norm(design.norm, design.width, isLearned: isPlain, epsilon: design.epsilon)
    func layer(_ from: Int, _ to: Int, _ weight: Initialization, _ random: inout Random) -> Linear {
      Linear(from: from, to: to, hasBias: design.perceptronBias, weight: weight, &random)
    }
    expand = layer(design.width, design.hidden, design.weight, &random)
    gate = design.perceptron.hasGate ? layer(design.width, design.hidden, design.weight, &random) : nil
    contract = layer(design.hidden, design.width, design.residual, &random)
    modulation = Modulation(
      design.adaptive, design.width, gate: design.gateDeviation, rest: design.shiftDeviation, &random)
    self.design = design
    self.dropPath = dropPath
  }

  /// x [batch, places, width]; [batch, wanted places, width]. See `Attention` for what is visible and cached. `random` nil:
  /// nothing is dropped.
  public func callAsFunction(_ x: Tensor, _ around: Surroundings, layer: Int, _ random: inout Random?) -> Tensor {
    let moved = modulation.flatMap { modulation in around.told.map { modulation($0) } }
    // A norm that stands before a layer is made again on the way back, at the cost of one pass.
    let first = norm1.layer, second = norm2.layer
    let toFirst = moved?.norm(.attention), toSecond = moved?.norm(.perceptron)
    // Where nothing happens to what is added, the last layer of each part adds it.
    let isPlain = moved == nil && (random == nil || design.dropout == 0 && dropPath == 0)
    func added(_ y: Tensor, _ part: Modulation.Part, to x: Tensor, _ random: inout Random?) -> Tensor {
      if isPlain { return y }
      let y = y.dropped(design.dropout, &random).pathDropped(dropPath, &random)
      return moved?.added(y, part, to: x) ?? x + y
    }
    let own = around.wanted.map { x.gathered($0) } ?? x
    let mixed = attention(
      first == nil ? norm1(x, by: toFirst) : x, norm: first, by: first == nil ? nil : toFirst, visible: around.visible,
      wanted: around.wanted, rotation: around.rotation, cache: around.cache, layer: layer, after: around.start,
      onto: isPlain ? own : nil, &random)
    let x = added(mixed, .attention, to: own, &random), base = isPlain ? x : nil
    let isDropping = design.hiddenDropout > 0 && random != nil
    let y: Tensor
    if isDropping {
      let normed = norm2(x, by: toSecond)
      y = contract(
        design.perceptron.bent(expand(normed), gate: gate?(normed)).dropped(design.hiddenDropout, &random), onto: base)
    } else if let gate {
      let normed = norm2(x, by: toSecond)
      y = contract(expand(normed), afterSwiGLU: gate(normed), onto: base)
    } else {
      let expanded = second.map { expand(x, after: $0, by: toSecond) } ?? expand(norm2(x, by: toSecond))
      y = contract(expanded, after: design.perceptron.activation, onto: base)
    }
    return added(y, .perceptron, to: x, &random)
  }
}
