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
  /// [1, 1, width]: a token before all others, the prefix included; nil: none.
  let classToken: Parameter?
  /// [1, 1, width]: the embedding of positions without a token; nil: zeros.
  let maskToken: Parameter?
  /// [prefix, width], the class token included; nil without a prefix.
  let prefixPositions: Parameter?
  /// The embedding of the slot that a position stands for, in next-token prediction the one to be predicted.
  let positions: Embedding?
  /// The embedding of the slot whose token is the input, where that is another than the one to be predicted
  /// (target-aware positional embedding; RAR, arXiv 2411.00776).
  let inputPositions: Embedding?
  /// The embedding of scales or bands; nil: none.
  let levels: Embedding?
  /// The embedding of positions of the sequence, prefix included, that is added to the vector that modulates norms
  /// (RAR, arXiv 2411.00776); nil: none.
  let modulationPositions: Embedding?
  /// The norm of embedded tokens; nil: none.
  let embeddingNorm: Norm?
  /// The stack, first block first.
  let blocks: [TransformerBlock]
  let sharedModulation: Linear?
  /// The norm before the head; nil where it is adaptive, or where blocks end with a norm.
  let norm: Norm?
  /// The norm before the head where the conditioning vector modulates norms.
  let adaptiveNorm: AdaptiveNorm?
  /// The layer between the last block and the head; nil: none.
  let mlmLayer: MLMLayer?
  /// The number of tokens before those of the direction: the conditioner's and the class token.
  let prefixCount: Int
  /// True where the weights of the head are the vectors of codes.
  private let tiesOutput: Bool
  let settings: BackboneSettings
  let layout: Layout

  /// The vectors of codes, where they are the weights of the head, too.
  var outputTable: Parameter? {
    guard tiesOutput, case .lookup(let table) = input else { return nil }
    return table.weight
  }

  init(_ settings: inout Settings, for shape: BackboneShape, _ random: inout Random) throws(SettingsError) {
    let defaults = try Self.defaults(&settings), layout = shape.layout
    let all = try BackboneSettings(&settings, defaults, depths: 1...256, aboutDepth: "the number of blocks", for: shape)
    try all.checkPositions(settings)
    let parts = try DecoderSettings(&settings, defaults, all, for: shape)
    (prefixCount, tiesOutput) = (shape.prefixCount + (parts.hasClassToken ? 1 : 0), parts.tiesOutput)
    (self.settings, self.layout) = (all, layout)
    let isLearned = all.positions.kind == .learned
    input = TokenEmbedding(all, of: shape.space, &random)
    // RAR's decays, unlike its embeddings.
    classToken = parts.hasClassToken ? Parameter(Tensor(zeros: [1, 1, all.width]), role: .weight) : nil
    maskToken = parts.hasMaskToken ? all.maskToken(&random) : nil
    prefixPositions = prefixCount > 0 ? all.positionVectors(prefixCount, &random) : nil
    positions = parts.hasTargets && (isLearned || layout.shift > 0) ? all.table(layout.positions, &random) : nil
    inputPositions = isLearned && layout.shift > 0 ? all.table(layout.positions, &random) : nil
    levels = parts.hasLevels ? all.table(layout.levels, &random) : nil
    modulationPositions =
      parts.modulatesByPosition ? all.table(prefixCount + layout.groups.count, &random) : nil
    embeddingNorm = parts.hasEmbeddingNorm ? all.norm(isLearned: true) : nil
    blocks = all.blocks(0..<all.depth, of: all.depth, &random)
    sharedModulation = all.sharedModulation(&random)
    norm = all.isAdaptive || !all.needsFinalNorm ? nil : all.norm(isLearned: true)
    adaptiveNorm = all.adaptiveNorm(&random)
    mlmLayer = parts.hasMLMLayer ? MLMLayer(all, &random) : nil
  }

  func callAsFunction(_ view: View, given condition: Condition, cache: AttentionCache?, _ random: inout Random?)
    -> Tensor
  {
    let isFirst = cache?.isEmpty ?? true, settled = isFirst ? 0 : view.turn.settled
    let prefix = isFirst ? prefixCount : 0
    let conditioning = conditioning(
      condition, batch: view.batch,
      positions: modulationPositions.map { table in
        table([Array((isFirst ? 0 : prefixCount + settled)..<prefixCount + view.length)])
      })
    // [batch, positions - settled, width]
    var x = tokens(view, from: settled, conditioning.vector)
    if isFirst, let tokens = prefixTokens(condition, batch: view.batch), let prefixPositions {
      x = Tensor.concatenated([tokens + prefixPositions(), x], axis: 1)
    }
    x = (embeddingNorm?(x) ?? x).dropout(settings.input.dropout, &random)
    var inputs = AttentionInputs(
      visible: visible(view, from: settled, prefix: prefix),
      rotation: rotation(view.fed.map { Array($0[settled...]) }, prefix: prefix, headWidth: settings.headWidth))
    for (index, block) in blocks.enumerated() {
      inputs.cache = cache?.layer(index, count: isFirst ? 0 : prefixCount + settled)
      x = block(x, inputs, conditioning: conditioning.blocks, &random)
    }
    let predicted = view.predicted.map { $0.map { $0 + prefix - settled } }
    // [batch, predicted, width]
    x = x.gathered(predicted)
    if let adaptiveNorm, let vector = conditioning.activated {
      x = adaptiveNorm(x, modulationPositions == nil ? vector : vector.gatheredRows(predicted))
    }
    x = norm?(x) ?? x
    return mlmLayer?(x) ?? x
  }

  /// Returns the tokens before those of the direction [batch, prefix, width]; nil: there are none.
  private func prefixTokens(_ condition: Condition, batch: Int) -> Tensor? {
    guard let classToken else { return condition.prefix }
    let token = classToken() + Tensor(zeros: [batch, 1, width])
    return condition.prefix.map { Tensor.concatenated([token, $0], axis: 1) } ?? token
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
  /// Returns the rows `numbers` of each sample of self [batch positions, width]: [batch numbers, width].
  fileprivate func gatheredRows(_ numbers: Indices) -> Tensor {
    let width = shape[1], batch = numbers.count, count = numbers[0].count
    return reshaped([batch, shape[0] / batch, width]).gathered(numbers).reshaped([batch * count, width])
  }

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
