import Glibc
import Tensors

/// Multi-head self-attention with one projection to queries, keys and values (Vaswani et al. 2017, arXiv 1706.03762).
public struct Attention: Module {
  /// Weight [3 width, width]: queries, keys, values, of each one head after another.
  public let qkv: Linear
  /// [width]; nil unless the projection has biases of queries and values only.
  public let queryBias: Parameter?
  /// [width]; nil unless the projection has biases of queries and values only.
  public let valueBias: Parameter?
  /// The norm of queries over the channels of a head; nil unless `design.norm` is `layer`.
  public let queryNorm: LayerNorm?
  /// The norm of keys over the channels of a head; nil unless `design.norm` is `layer`.
  public let keyNorm: LayerNorm?
  /// [heads]: the logarithm of the factor of unit queries; nil unless `design.norm` is `l2`.
  public let logitScale: Parameter?
  /// The projection of the weighted sums of values, weight [width, width].
  public let output: Linear
  /// The choices in which papers differ.
  public let design: Design

  /// Checkpoints of earlier versions keep their name of the logit scale.
  public static let checkpointNames = ["logitScale": "sharpness"]

  /// The choices in which papers differ.
  public struct Design: Sendable {
    /// The number of heads; it divides the width.
    public var heads: Int
    /// The normalization of queries and keys.
    public var norm = QueryNorm.none
    /// The biases of the projection to queries, keys and values.
    public var bias = Bias.all
    /// True where the output projection has a bias.
    public var outputBias = true
    /// A factor of the logits beside 1 / sqrt(head width).
    public var scale: Float = 1
    /// The fraction of attention probabilities that training drops, in [0, 1).
    public var dropout: Float = 0

    /// The attention of ViT, with a number of heads.
    public init(heads: Int) { self.heads = heads }
  }

  /// The normalization of queries and keys.
  public enum QueryNorm: String, CaseIterable, Sendable {
    /// No normalization.
    case none
    /// Unit length, the queries times a learned factor per head, 4 at first and at most 100 (VAR; arXiv 2404.02905).
    case l2
    /// A learned layer norm over the channels of a head (Dehghani et al. 2023, arXiv 2302.05442; RAR).
    case layer
  }

  /// The biases of the projection to queries, keys and values.
  public enum Bias: String, CaseIterable, Sendable {
    /// Queries, keys and values have one.
    case all
    /// No bias at all.
    case none
    /// Keys have none: it would change all logits of a query alike (VAR).
    case queriesAndValues = "queries-values"
  }

  /// A layer over `width` channels; `weight` initializes the projection to queries, keys and values, `output` that of
  /// their sums.
  public init(_ width: Int, _ design: Design, weight: Initialization, output: Initialization, _ random: inout Random) {
    qkv = Linear(from: width, to: 3 * width, hasBias: design.bias == .all, weight: weight, &random)
    self.output = Linear(from: width, to: width, hasBias: design.outputBias, weight: output, &random)
    func bias() -> Parameter? {
      design.bias == .queriesAndValues ? Parameter(Tensor(zeros: [width]), role: .bias) : nil
    }
    (queryBias, valueBias) = (bias(), bias())
    func norm() -> LayerNorm? { design.norm == .layer ? LayerNorm(width / design.heads) : nil }
    (queryNorm, keyNorm) = (norm(), norm())
    logitScale =
      design.norm == .l2 ? Parameter(Tensor(repeating: logf(4), shape: [design.heads]), role: .gain) : nil
    self.design = design
  }

  /// Returns self-attention of x [batch, positions, width]: [batch, positions, width], or of `queryPositions` only.
  ///
  /// With a cache x holds the positions after the cached ones. `random` nil: nothing is dropped.
  public func callAsFunction(_ x: Tensor, _ inputs: AttentionInputs, _ random: inout Random?) -> Tensor {
    self(x, after: nil, inputs, onto: nil, &random)
  }

  /// Returns self-attention of norm(x), plus `base` where there is one; see above for shapes.
  func callAsFunction(
    _ x: Tensor, after norm: ModulatedNorm?, _ inputs: AttentionInputs, onto base: Tensor?, _ random: inout Random?
  ) -> Tensor {
    precondition(
      inputs.queryPositions == nil || inputs.visible == nil && inputs.cache == nil,
      "outputs of some positions only need attention from all to all, without a cache")
    let dropsProbabilities = design.dropout > 0 && random != nil
    precondition(inputs.cache == nil || !dropsProbabilities, "a cache is for generation, where nothing is dropped")
    let qkv = queryKeyNormalized(projected(x, norm))
    // True where a kernel can read queries and keys from the projection as they are.
    let isReady = logitScale != nil || design.norm == .none && design.scale == 1
    if isReady, let cache = inputs.cache, inputs.rotation == nil {
      return output(cached(qkv, cache, inputs.visible), onto: base)
    }
    if isReady, inputs.cache == nil, inputs.queryPositions == nil, !dropsProbabilities {
      return output(fused(qkv, inputs), onto: base)
    }
    return output(general(qkv, inputs, &random), onto: base)
  }

  /// Returns the projection of norm(x) to queries, keys and values: [batch, positions, 3 width].
  private func projected(_ x: Tensor, _ norm: ModulatedNorm?) -> Tensor {
    var input = x, fusedNorm: LayerNorm?
    // A layer norm is computed inside the product.
    if let norm {
      if case .layer(let layerNorm) = norm.norm {
        fusedNorm = layerNorm
      } else {
        input = norm.norm(x, by: norm.modulators)
      }
    }
    var bias = qkv.bias?()
    if let queryBias, let valueBias {
      bias = .concatenated([queryBias(), Tensor(zeros: queryBias.value.shape), valueBias()], axis: 0)
    }
    guard let fusedNorm else { return input.linear(qkv.weight(), bias) }
    return input.linear(
      afterNorm: fusedNorm.weight?(), fusedNorm.bias?(), epsilon: fusedNorm.epsilon, modulation: norm?.modulators,
      qkv.weight(), bias)
  }
}
