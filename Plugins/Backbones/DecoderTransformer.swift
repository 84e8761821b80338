import Autoregression
import Networks
import Settings
import Tensors

/// One stack of blocks over prefix and places; who sees whom follows from the view's groups
/// (GPT style; Radford et al. 2019; block-causal as in VAR, arXiv 2404.02905).
struct DecoderTransformer: Backbone {
  static let key = "decoder"
  static let about = About(
    "One transformer over all places; causal, block-causal or bidirectional as the direction says.",
    source: "Radford et al. 2019; Tian et al. 2024 (VAR), arXiv 2404.02905", example: "width: 32\nheads: 4\ndepth: 2")

  let input: TokenInput
  /// [1, 1, width]: what a place holds that is not shown; nil: zeros.
  let blank: Parameter?
  /// [prefix, width]; nil without a prefix.
  let prefixPositions: Parameter?
  /// Of the slot that a place stands for.
  let positions: Embedding?
  /// Of the slot whose token it is fed, where that is another (RAR's target-aware positions, arXiv 2411.00776).
  let sources: Embedding?
  let levels: Embedding?
  let blocks: [TransformerBlock]
  /// [6 width, width]: what moves the norms of all blocks, where they share it.
  let sharedModulation: Linear?
  let norm: Norm?
  let adaptiveNorm: AdaptiveNorm?
  let width: Int
  let prefixCount: Int
  let choices: BackboneChoices
  let layout: Layout

  static func width(_ settings: inout Settings) throws(SettingsError) -> Int {
    try BackboneChoices.width(&settings, try preset(&settings).defaults)
  }

  private static func preset(_ settings: inout Settings) throws(SettingsError) -> DecoderPreset {
    try settings["preset", default: .none, about: "a paper's sizes and forms as defaults for all below"]
  }

  init(_ settings: inout Settings, for shape: BackboneShape, _ random: inout Random) throws(SettingsError) {
    let defaults = try Self.preset(&settings).defaults, layout = shape.layout
    let choices = try BackboneChoices(&settings, defaults, depths: 1...256, depthIs: "blocks", for: shape)
    let hasBlank: Bool = try settings[
      "blank", default: defaults.hasBlank,
      about: "whether places that are not shown hold a learned vector; LlamaGen (arXiv 2406.06525): false"]
    var knowsTargets = true
    if layout.shift > 0 {
      knowsTargets = try settings[
        "targets", default: defaults.targets,
        about:
          "whether a place is told which token it is asked for (RAR, arXiv 2411.00776); needed unless the order is fixed"
      ]
    }
    var knowsLevels = false
    if layout.levels > 1 {
      knowsLevels = try settings[
        "level-embedding", default: true,
        about: "whether places are told their scale or band (VAR, arXiv 2404.02905)"]
    }
    (width, prefixCount, self.choices, self.layout) = (choices.width, shape.prefixCount, choices, layout)
    let width = self.width, isLearned = choices.positions == .learned
    input = TokenInput(choices, of: shape.space, &random)
    blank = hasBlank ? choices.rows([1, 1, width], &random, decays: true) : nil
    prefixPositions = prefixCount > 0 ? choices.rows([prefixCount, width], &random) : nil
    positions = knowsTargets && (isLearned || layout.shift > 0) ? choices.table(layout.positions, &random) : nil
    sources = isLearned && layout.shift > 0 ? choices.table(layout.positions, &random) : nil
    levels = knowsLevels ? choices.table(layout.levels, &random) : nil
    blocks = choices.blocks(0..<choices.depth, of: choices.depth, &random)
    sharedModulation =
      choices.block.adaptive == .shared
      ? Linear(from: width, to: 6 * width, weight: choices.weight, &random) : nil
    let isAdaptive = choices.block.adaptive != .none
    let last = Norm(choices.block.norm, width, isLearned: !isAdaptive, epsilon: choices.block.epsilon)
    norm = isAdaptive ? nil : last
    adaptiveNorm =
      isAdaptive ? AdaptiveNorm(last, width, deviation: choices.block.shiftDeviation, &random) : nil
  }

  func callAsFunction(_ view: View, given condition: Condition, cache: AttentionCache?, _ random: inout Random?)
    -> Tensor
  {
    let isFirst = cache?.isEmpty ?? true, settled = isFirst ? 0 : view.turn.settled
    var x = tokens(view, from: settled, condition)
    if isFirst, let prefix = condition.prefix, let prefixPositions {
      x = Tensor.concatenated([prefix + prefixPositions(), x], axis: 1)
    }
    x = x.dropped(choices.tokenDropout, &random)
    let bent = choices.block.adaptive == .none ? nil : condition.vector?.activated(.silu)
    let around = TransformerBlock.Surroundings(
      visible: visible(view, from: settled, withPrefix: isFirst),
      rotation: choices.positions == .rotary ? choices.rotation(spots(view, from: settled, withPrefix: isFirst)) : nil,
      told: sharedModulation.flatMap { shared in bent.map { shared($0) } } ?? bent, cache: cache,
      start: isFirst ? 0 : prefixCount + settled)
    for (layer, block) in blocks.enumerated() { x = block(x, around, layer: layer, &random) }
    let start = (isFirst ? prefixCount : 0) - settled
    x = x.gathered(view.predicted.map { $0.map { $0 + start } })
    if let adaptiveNorm, let bent { return adaptiveNorm(x, bent) }
    return norm?(x) ?? x
  }

  /// What goes in, without the prefix, from the first place that is not settled: [batch, places - settled, width].
  private func tokens(_ view: View, from settled: Int, _ condition: Condition) -> Tensor {
    let count = view.length - settled, fresh = view.slots.map { Array($0[settled...]) }
    let vector = condition.vector?.reshaped([view.batch, 1, width])
    // Places are numbered from the first that is not settled.
    let shown = view.shown.map { $0.filter { $0 >= settled }.map { $0 - settled } }
    var x = input(
      Tokens(
        values: view.inputs.values.sliced(settled..<view.length, axis: 1),
        codes: view.inputs.codes.map { $0.map { Array($0[settled...]) } }))
    if !shown.allSatisfy({ $0.count == count }) {
      var blanks = Tensor(zeros: [view.batch, count, width])
      if let blank { blanks = blanks + blank() }
      if let vector, choices.vector == .blanks { blanks = blanks + vector }
      x = x.gathered(shown).scattered(shown, over: blanks)
    }
    if let vector, choices.vector == .everywhere { x = x + vector }
    if let positions { x = x + positions(fresh.map { $0.map(\.position) }) }
    if let levels { x = x + levels(fresh.map { $0.map(\.level) }) }
    if let sources { x = x + fedPositions(view, settled, sources) }
    if choices.positions == .sineCosine {
      x = x + Tensor.sineCosine(spots(view, from: settled, withPrefix: false), width: width)
    }
    return x
  }

  /// Where the tokens lie that places are fed; nil for a place that is fed none, and for the prefix.
  private func spots(_ view: View, from settled: Int, withPrefix: Bool) -> [[Spot?]] {
    view.fed.map { row in
      Array(repeating: nil, count: withPrefix ? prefixCount : 0) + row[settled...].map { $0.map(layout.spot) }
    }
  }

  /// Which positions the fed tokens have; nothing for a place that is fed none.
  private func fedPositions(_ view: View, _ settled: Int, _ table: Embedding) -> Tensor {
    let fed = view.fed.map { Array($0[settled...]) }
    let found = table(fed.map { $0.map { $0?.position ?? 0 } })
    let isFed = Tensor([fed.count, fed[0].count, 1], fed.flatMap { $0.map { $0 == nil ? 0 : 1 } })
    return found * isFed
  }

  /// How many leading rows, prefix included, each row of this call sees; the prefix sees only itself.
  private func visible(_ view: View, from settled: Int, withPrefix: Bool) -> [Int]? {
    let prefix = withPrefix ? Array(repeating: prefixCount, count: prefixCount) : []
    if let seen = view.visible { return prefix + seen[settled...].map { $0 + prefixCount } }
    guard prefixCount > 0 else { return nil }
    return prefix + Array(repeating: prefixCount + view.length, count: view.length - settled)
  }
}

@section("overtone_parts") @used private let registration: Registration = { $0.registry.add(DecoderTransformer.self) }
