import Glibc
import Tensors

/// Multi-head self-attention with one projection for queries, keys and values (Vaswani et al. 2017, arXiv 1706.03762).
public struct Attention: Module {
  /// [3 width, width]: queries, keys, values, each head after head.
  public let qkv: Linear
  /// [width]; nil unless biases are those of queries and values only.
  public let queryBias: Parameter?
  public let valueBias: Parameter?
  /// Norms of queries and keys over the channels of a head.
  public let queryNorm: LayerNorm?
  public let keyNorm: LayerNorm?
  /// [heads]: logarithm of what queries of length 1 are multiplied by.
  public let sharpness: Parameter?
  public let output: Linear
  public let design: Design

  /// What papers differ in.
  public struct Design: Sendable {
    public var heads: Int
    public var norm = QueryNorm.none
    public var bias = Bias.all
    public var outputBias = true
    /// Times 1 / sqrt(d), before the softmax.
    public var scale: Float = 1
    /// Share of the softmax that training drops.
    public var dropout: Float = 0

    public init(heads: Int) { self.heads = heads }
  }

  /// How queries and keys are brought to one size.
  public enum QueryNorm: String, CaseIterable, Sendable {
    case none
    /// Length 1, times a learned number for each head, 4 at the start and 100 at most (VAR; arXiv 2404.02905).
    case l2
    /// A learned layer norm over each head (Dehghani et al. 2023, arXiv 2302.05442; as RAR has it).
    case layer
  }

  public enum Bias: String, CaseIterable, Sendable {
    case all, none
    /// Keys have none: it would move all logits of a query alike (VAR).
    case queriesAndValues = "queries-values"
  }

  public init(_ width: Int, _ design: Design, weight: Initialization, output: Initialization, _ random: inout Random) {
    qkv = Linear(from: width, to: 3 * width, hasBias: design.bias == .all, weight: weight, &random)
    self.output = Linear(from: width, to: width, hasBias: design.outputBias, weight: output, &random)
    func bias() -> Parameter? {
      design.bias == .queriesAndValues ? Parameter(Tensor(zeros: [width]), decays: false) : nil
    }
    (queryBias, valueBias) = (bias(), bias())
    func norm() -> LayerNorm? { design.norm == .layer ? LayerNorm(width / design.heads) : nil }
    (queryNorm, keyNorm) = (norm(), norm())
    sharpness =
      design.norm == .l2 ? Parameter(Tensor(repeating: logf(4), shape: [design.heads]), decays: false) : nil
    self.design = design
  }

  /// x [batch, places, width]; place i sees the first visible[i] places, or all. Those that are `wanted` come out, each
  /// sample's own, or all; where only some are, all are seen.
  ///
  /// With a cache x holds only the places after the first `start`, which the cache has; `visible` then counts those, too.
  /// `norm` stands before the projection, moved by modulators if there are any, and keeps nothing of its own. What comes out
  /// is added to `base`, if there is one.
  public func callAsFunction(
    _ x: Tensor, norm: LayerNorm? = nil, by modulators: NormModulation? = nil, visible: [Int]?, wanted: Indices? = nil,
    rotation: RotaryAngles? = nil, cache: AttentionCache? = nil, layer: Int = 0, after start: Int = 0,
    onto base: Tensor? = nil,
    _ random: inout Random?
  ) -> Tensor {
    let width = x.shape[2], heads = design.heads, mixed = sized(projected(x, norm, modulators))
    let isDropping = design.dropout > 0 && random != nil, isSized = sharpness != nil
    precondition(wanted == nil || visible == nil && cache == nil, "places are wanted only where all are seen")
    // Whether queries and keys are used as they come.
    let isReady = isSized || design.norm == .none && design.scale == 1
    if let cache, rotation == nil, isReady {
      precondition(!isDropping, "nothing is dropped where a cache is filled")
      let all = cache.extend(layer: layer, heads: heads, after: start, mixed)
      return output(mixed.attention(all.keys, all.values, visible: visible), onto: base)
    }
    if cache == nil, wanted == nil, isReady, !isDropping {
      return output(mixed.selfAttention(heads: heads, visible: visible, rotary: rotation), onto: base)
    }
    var queries = normed(mixed.sliced(0..<width, axis: 2), queryNorm)
    var keys = normed(mixed.sliced(width..<2 * width, axis: 2), keyNorm)
    let values = mixed.sliced(2 * width..<3 * width, axis: 2)
    if !isSized, design.scale != 1 { queries = queries * design.scale }
    if let rotation {
      queries = queries.rotated(by: rotation, heads: heads)
      keys = keys.rotated(by: rotation, heads: heads)
    }
    if let wanted { queries = queries.gathered(wanted) }
    if let cache {
      precondition(!isDropping, "nothing is dropped where a cache is filled")
      let all = cache.extend(layer: layer, heads: heads, after: start, keys, values)
      return output(queries.attention(all.keys, all.values, visible: visible), onto: base)
    }
    guard isDropping else {
      return output(queries.attention(keys, values, heads: heads, visible: visible), onto: base)
    }
    let shape = [x.shape[0], heads, queries.shape[1], keys.shape[1]]
    let factors = random!.uniform(shape, "attention-dropout").kept(design.dropout)
    return output(queries.attention(keys, values, heads: heads, visible: visible, dropoutMask: factors), onto: base)
  }

  private func projected(_ x: Tensor, _ norm: LayerNorm?, _ modulators: NormModulation?) -> Tensor {
    var bias = qkv.bias?()
    if let queryBias, let valueBias {
      bias = .concatenated([queryBias(), Tensor(zeros: queryBias.value.shape), valueBias()], axis: 0)
    }
    guard let norm else { return x.linear(qkv.weight(), bias) }
    return x.linear(
      afterNorm: norm.weight?(), norm.bias?(), epsilon: norm.epsilon, modulation: modulators, qkv.weight(), bias)
  }

  /// Queries and keys of length 1, queries then made as long as was learned, if that is how they are brought to one size.
  private func sized(_ mixed: Tensor) -> Tensor {
    guard let sharpness else { return mixed }
    // 100 at most; the kernel divides by sqrt(d), which norms to length 1 make needless.
    let lengths = sharpness().clamped(to: -Float.greatestFiniteMagnitude...logf(100)).exponential
    let each = mixed.shape[2] / 3 / design.heads
    return mixed.queryKeyNormalized(queryScales: lengths * (Float(each).squareRoot() * design.scale))
  }

  /// Queries or keys [batch, places, width], each head normed.
  private func normed(_ x: Tensor, _ norm: LayerNorm?) -> Tensor {
    guard let norm else { return x }
    return norm(x.reshaped([x.count / x.shape[2] * design.heads, x.shape[2] / design.heads])).reshaped(x.shape)
  }
}
