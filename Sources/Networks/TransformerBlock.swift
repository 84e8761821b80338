import Tensors

/// Attention and an MLP, each after a norm and added to its input (pre-norm, as in ViT and MAE), or each added to its
/// input before a norm (post-norm, as in BERT).
public struct TransformerBlock: Module {
  /// The norm before attention, or after its sum.
  public let norm1: Norm
  /// Self-attention.
  public let attention: Attention
  /// The norm before the MLP, or after its sum.
  public let norm2: Norm
  /// The first layer of the MLP, weight [MLP width, width].
  public let expand: Linear
  /// The gate of the MLP, weight [MLP width, width]; nil: its activation has none.
  public let gate: Linear?
  /// The last layer of the MLP, weight [width, MLP width].
  public let contract: Linear
  /// The adaLN layer; nil: norms are not modulated.
  public let modulation: BlockModulation?
  /// The choices in which papers differ.
  public let design: Design
  /// The fraction of samples that skip the branches of this block in training (stochastic depth), in [0, 1).
  public let dropPath: Float

  /// The choices in which papers differ. Defaults are those of ViT (Dosovitskiy et al. 2020, arXiv 2010.11929).
  public struct Design: Sendable {
    /// Channels of tokens.
    public var width: Int
    /// Channels of the hidden layer of the MLP.
    public var mlpWidth: Int
    /// Heads, norms and biases of attention.
    public var attention: Attention.Design
    /// The activation of the MLP.
    public var activation = MLPActivation.gelu
    /// True where layers of the MLP have biases.
    public var mlpBias = true
    /// The kind of the two norms.
    public var norm = Norm.Kind.layer
    /// The number that norms add to a variance; nil: the default of the kind.
    public var epsilon: Float?
    /// True where norms come before attention and MLP, false where they follow the sums (post-norm; Vaswani et al.
    /// 2017; BERT, Devlin et al. 2018, arXiv 1810.04805). Post-norm blocks have no modulation.
    public var normFirst = true
    /// The source of the modulation of norms.
    public var adaptiveNorm = AdaptiveNorms.none
    /// True where modulated norms have weights and biases of their own, too (RAR; Yu et al. 2024, arXiv 2411.00776).
    public var adaptiveNormIsAffine = false
    /// The standard deviation at first of the weights that make gates.
    public var gateDeviation: Float = 0
    /// The standard deviation at first of the weights that make scales and shifts.
    public var modulationDeviation: Float = 0
    /// The initialization of linear layers.
    public var weight = Initialization.glorot
    /// The initialization of the two layers whose output is added to the residual stream.
    public var residual = Initialization.glorot
    /// The fraction dropped from the output of both branches in training, in [0, 1).
    public var dropout: Float = 0
    /// The fraction dropped from the hidden layer of the MLP in training, in [0, 1).
    public var mlpDropout: Float = 0

    /// The block of ViT in a given size.
    public init(width: Int, heads: Int, mlpWidth: Int) {
      self.width = width
      self.mlpWidth = mlpWidth
      attention = Attention.Design(heads: heads)
    }
  }

  /// A block of the given design.
  public init(_ design: Design, dropPath: Float = 0, _ random: inout Random) {
    let isLearned = design.adaptiveNorm == .none || design.adaptiveNormIsAffine
    norm1 = Norm(design.norm, design.width, isLearned: isLearned, epsilon: design.epsilon)
    attention = Attention(
      design.width, design.attention, weight: design.weight, output: design.residual, &random)
    norm2 = Norm(design.norm, design.width, isLearned: isLearned, epsilon: design.epsilon)
    func layer(_ from: Int, _ to: Int, weight: Initialization, _ random: inout Random) -> Linear {
      Linear(from: from, to: to, hasBias: design.mlpBias, weight: weight, &random)
    }
    expand = layer(design.width, design.mlpWidth, weight: design.weight, &random)
    gate = design.activation.hasGate ? layer(design.width, design.mlpWidth, weight: design.weight, &random) : nil
    contract = layer(design.mlpWidth, design.width, weight: design.residual, &random)
    modulation = BlockModulation(
      design.adaptiveNorm, width: design.width, gateDeviation: design.gateDeviation,
      modulationDeviation: design.modulationDeviation, &random)
    self.design = design
    self.dropPath = dropPath
  }

  /// Returns the output of the block for x [batch, positions, width]: [batch, positions, width], or of the
  /// `queryPositions` of the inputs only.
  ///
  /// `conditioning` is [batch, width], or [batch, 6 width] where blocks share a layer, with a row per sample or per
  /// position, [batch positions, ...]; nil: norms are not modulated. `random` nil: nothing is dropped.
  public func callAsFunction(
    _ x: Tensor, _ inputs: AttentionInputs, conditioning: Tensor? = nil, _ random: inout Random?
  ) -> Tensor {
    let modulation = modulation.flatMap { layer in conditioning.map { layer($0) } }
    let residual = inputs.queryPositions.map { x.gathered($0) } ?? x
    guard design.normFirst else { return normalizedAfterwards(x, onto: residual, inputs, &random) }
    // Without gates and dropout the last layer of a branch adds the residual itself.
    let isFused = modulation == nil && (random == nil || design.dropout == 0 && dropPath == 0)
    let attended = attention(
      x, after: ModulatedNorm(norm: norm1, modulators: modulation?.norm(.attention)), inputs,
      onto: isFused ? residual : nil, &random)
    let middle = isFused ? attended : added(attended, of: .attention, by: modulation, onto: residual, &random)
    let y = mlp(middle, modulation?.norm(.mlp), onto: isFused ? middle : nil, &random)
    return isFused ? y : added(y, of: .mlp, by: modulation, onto: middle, &random)
  }

  /// Returns norm2(y + MLP(y)) for y = norm1(residual + attention(x)): [batch, positions, width].
  private func normalizedAfterwards(
    _ x: Tensor, onto residual: Tensor, _ inputs: AttentionInputs, _ random: inout Random?
  ) -> Tensor {
    let attended = attention(x, inputs, &random)
    let y = norm1(added(attended, of: .attention, by: nil, onto: residual, &random))
    let hidden = design.activation(expand(y), gate: gate?(y)).dropout(design.mlpDropout, &random)
    return norm2(added(contract(hidden), of: .mlp, by: nil, onto: y, &random))
  }

  /// Returns the MLP of norm2(x), plus `base` where there is one: [batch, positions, width].
  private func mlp(
    _ x: Tensor, _ modulators: NormModulation?, onto base: Tensor?, _ random: inout Random?
  ) -> Tensor {
    if design.mlpDropout > 0, random != nil {
      let normalized = norm2(x, by: modulators)
      let hidden = design.activation(expand(normalized), gate: gate?(normalized))
      return contract(hidden.dropout(design.mlpDropout, &random), onto: base)
    }
    if let gate {
      let normalized = norm2(x, by: modulators)
      return contract(expand(normalized), afterSwiGLU: gate(normalized), onto: base)
    }
    return contract(expand(x, after: norm2, by: modulators), after: design.activation.function, onto: base)
  }

  /// Returns x + gate * dropPath(dropout(y)): the residual stream after a branch.
  private func added(
    _ y: Tensor, of branch: BlockModulation.Branch, by modulation: BlockModulation.Values?, onto x: Tensor,
    _ random: inout Random?
  ) -> Tensor {
    let y = y.dropout(design.dropout, &random).dropPath(dropPath, &random)
    return modulation?.gated(y, branch, onto: x) ?? x + y
  }
}
