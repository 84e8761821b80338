import Autoregression
import Networks
import Settings
import Tensors

/// One stack of blocks over the prefix and all positions; the view's groups say which positions attend to which
/// (GPT; Radford et al. 2019; block-causal as in VAR, arXiv 2404.02905).
struct DecoderTransformer: TransformerBackbone {
  typealias Preset = DecoderPreset
  static let key = "decoder"
  static let about = About(
    "One transformer over all positions; causal, block-causal or bidirectional as the direction says.",
    source: "Radford et al. 2019; Tian et al. 2024 (VAR), arXiv 2404.02905", example: "width: 32\nheads: 4\ndepth: 2")
  /// Checkpoints of earlier versions keep their names of these parameters.
  static let checkpointNames = ["maskToken": "blank", "inputPositions": "sources"]

  /// From tokens to the width of the blocks.
  let input: TokenEmbedding
  /// [1, 1, width]: the embedding of positions without a token; nil: zeros.
  let maskToken: Parameter?
  /// [prefix, width]; nil without a prefix.
  let prefixPositions: Parameter?
  /// The embedding of the slot that a position stands for, in next-token prediction the one to be predicted.
  let positions: Embedding?
  /// The embedding of the slot whose token is the input, where that is another than the one to be predicted
  /// (target-aware positional embedding; RAR, arXiv 2411.00776).
  let inputPositions: Embedding?
  /// The embedding of scales or bands; nil: none.
  let levels: Embedding?
  /// The stack, first block first.
  let blocks: [TransformerBlock]
  let sharedModulation: Linear?
  /// The norm before the head; nil where it is adaptive.
  let norm: Norm?
  /// The norm before the head where the conditioning vector modulates norms.
  let adaptiveNorm: AdaptiveNorm?
  let prefixCount: Int
  let settings: BackboneSettings
  let layout: Layout

  init(_ settings: inout Settings, for shape: BackboneShape, _ random: inout Random) throws(SettingsError) {
    let defaults = try Self.defaults(&settings), layout = shape.layout
    let all = try BackboneSettings(&settings, defaults, depths: 1...256, aboutDepth: "the number of blocks", for: shape)
    try all.checkPositions(settings)
    try settings.renamed("blank", to: "mask-token")
    try settings.renamed("targets", to: "target-positions")
    let hasMaskToken: Bool = try settings[
      "mask-token", default: defaults.hasMaskToken,
      about: "whether the embedding of positions without a token is learned; LlamaGen (arXiv 2406.06525): false, zeros"]
    var hasTargets = true
    if layout.shift > 0 {
      hasTargets = try settings[
        "target-positions", default: defaults.hasTargetPositions,
        about:
          "target-aware positional embedding (RAR, arXiv 2411.00776): whether the position of the next "
          + "token is added; needed unless the order is fixed"
      ]
    }
    var hasLevels = false
    if layout.levels > 1 {
      hasLevels = try settings[
        "level-embedding", default: true,
        about: "whether a learned embedding of the scale or band is added to tokens (VAR, arXiv 2404.02905)"]
    }
    (prefixCount, self.settings, self.layout) = (shape.prefixCount, all, layout)
    let width = all.width, isLearned = all.positions.kind == .learned
    input = TokenEmbedding(all, of: shape.space, &random)
    maskToken = hasMaskToken ? all.vectors([1, 1, width], decays: true, &random) : nil
    prefixPositions = prefixCount > 0 ? all.vectors([prefixCount, width], &random) : nil
    positions = hasTargets && (isLearned || layout.shift > 0) ? all.table(layout.positions, &random) : nil
    inputPositions = isLearned && layout.shift > 0 ? all.table(layout.positions, &random) : nil
    levels = hasLevels ? all.table(layout.levels, &random) : nil
    blocks = all.blocks(0..<all.depth, of: all.depth, &random)
    sharedModulation = all.sharedModulation(&random)
    norm = all.isAdaptive ? nil : all.norm(isLearned: true)
    adaptiveNorm = all.adaptiveNorm(&random)
  }

  func callAsFunction(_ view: View, given condition: Condition, cache: AttentionCache?, _ random: inout Random?)
    -> Tensor
  {
    let isFirst = cache?.isEmpty ?? true, settled = isFirst ? 0 : view.turn.settled
    let conditioning = conditioning(condition, batch: view.batch)
    // [batch, positions - settled, width]
    var x = tokens(view, from: settled, conditioning.vector)
    if isFirst, let prefix = condition.prefix, let prefixPositions {
      x = Tensor.concatenated([prefix + prefixPositions(), x], axis: 1)
    }
    x = x.dropout(settings.input.dropout, &random)
    let prefix = isFirst ? prefixCount : 0
    var inputs = AttentionInputs(
      visible: visible(view, from: settled, prefix: prefix),
      rotation: rotation(view.fed.map { Array($0[settled...]) }, prefix: prefix, headWidth: settings.headWidth))
    for (index, block) in blocks.enumerated() {
      inputs.cache = cache?.layer(index, count: isFirst ? 0 : prefixCount + settled)
      x = block(x, inputs, conditioning: conditioning.blocks, &random)
    }
    // [batch, predicted, width]
    x = x.gathered(view.predicted.map { $0.map { $0 + prefix - settled } })
    if let adaptiveNorm, let vector = conditioning.activated { return adaptiveNorm(x, vector) }
    return norm?(x) ?? x
  }

  /// Returns the embedded tokens of the positions from `settled` on, without the prefix:
  /// [batch, positions - settled, width].
  private func tokens(_ view: View, from settled: Int, _ vector: Tensor?) -> Tensor {
    let count = view.length - settled, slots = view.slots.map { Array($0[settled...]) }
    var x = input(
      Tokens(
        values: view.inputs.values.sliced(settled..<view.length, axis: 1),
        codes: view.inputs.codes.map { $0.map { Array($0[settled...]) } }))
    // Counted from the first position that is not settled.
    let shown = view.shown.map { $0.filter { $0 >= settled }.map { $0 - settled } }
    if !shown.allSatisfy({ $0.count == count }) {
      var masked = Tensor(zeros: [view.batch, count, width])
      if let maskToken { masked = masked + maskToken() }
      if let vector, settings.input.conditionTarget == .maskTokens { masked = masked + vector }
      x = x.replacing(shown, in: masked)
    }
    if let vector, settings.input.conditionTarget == .allTokens { x = x + vector }
    if let positions { x = x + positions(slots.map { $0.map(\.position) }) }
    if let levels { x = x + levels(slots.map { $0.map(\.level) }) }
    let fed = view.fed.map { Array($0[settled...]) }
    if let inputPositions { x = x + embedded(fed, inputPositions) }
    if settings.positions.kind == .sineCosine {
      x = x + Tensor.sinusoidalEmbedding(gridPositions(fed, prefix: 0), width: width)
    }
    return x
  }

  /// Returns the position embeddings of the slots whose tokens are the input, zeros where there is none:
  /// [batch, positions, width].
  private func embedded(_ fed: [[Slot?]], _ table: Embedding) -> Tensor {
    let embeddings = table(fed.map { $0.map { $0?.position ?? 0 } })
    let isFed = Tensor([fed.count, fed[0].count, 1], fed.flatMap { $0.map { $0 == nil ? 0 : 1 } })
    return embeddings * isFed
  }

  /// Returns how many leading positions, the prefix included, each position of this call attends to; the prefix attends
  /// to itself only where attention is causal. Nil: all to all (BERT, MaskGIT).
  private func visible(_ view: View, from settled: Int, prefix: Int) -> [Int]? {
    guard layout.groups.first != layout.groups.last, view.visible != nil || prefixCount > 0 else { return nil }
    let visible = view.visible ?? Array(repeating: view.length, count: view.length)
    return Array(repeating: prefix, count: prefix) + visible[settled...].map { $0 + prefixCount }
  }
}

extension Tensor {
  /// Returns `base` [batch, rows, width] with the rows `numbers` of each sample replaced by those of self; samples may
  /// have different numbers of them.
  fileprivate func replacing(_ numbers: Indices, in base: Tensor) -> Tensor {
    if numbers.allSatisfy({ $0.count == numbers[0].count }) { return gathered(numbers).scattered(numbers, over: base) }
    let flat = [1, shape[0] * shape[1], shape[2]]
    let all = [numbers.enumerated().flatMap { sample, rows in rows.map { sample * shape[1] + $0 } }]
    return reshaped(flat).gathered(all).scattered(all, over: base.reshaped(flat)).reshaped(shape)
  }
}

@section("overtone_parts") @used private let registration: Registration = { $0.registry.add(DecoderTransformer.self) }
