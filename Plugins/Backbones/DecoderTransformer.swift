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

  let input: Linear
  /// [1, 1, width]: what a place holds that is not shown.
  let blank: Parameter
  /// [prefix, width]; nil without a prefix.
  let prefixPositions: Parameter?
  /// Of the slot that a place stands for.
  let positions: Embedding
  /// Of the slot whose token it is fed, where that is another (RAR's target-aware positions, arXiv 2411.00776).
  let sources: Embedding?
  let levels: Embedding?
  let blocks: [TransformerBlock]
  let norm: LayerNorm
  let width: Int
  let prefixCount: Int

  static func width(_ settings: inout Settings) throws(SettingsError) -> Int {
    try settings["width", default: 256, in: 1...16_384, about: "channels of every layer"]
  }

  init(_ settings: inout Settings, for shape: BackboneShape, _ random: inout Random) throws(SettingsError) {
    width = try Self.width(&settings)
    let depth: Int = try settings["depth", default: 8, in: 1...256, about: "blocks"]
    let heads: Int = try settings["heads", default: 8, in: 1...256, about: "attention heads"]
    let ratio: Int = try settings["ratio", default: 4, in: 1...16, about: "width of the perceptrons, as a multiple"]
    let dropout: Float = try settings[
      "dropout", default: 0, in: 0...0.9, about: "share dropped from projections in training"]
    guard width % heads == 0 else {
      throw settings.refusal(
        "\(width) channels do not divide into \(heads) heads; let 'heads' divide 'width'.", at: "heads")
    }
    prefixCount = shape.prefixCount
    let width = self.width, layout = shape.layout
    input = Linear(from: shape.space.width, to: width, &random)
    blank = Parameter(Initialization.normal(deviation: 0.02)([1, 1, width], &random), decays: true)
    prefixPositions =
      prefixCount > 0 ? Parameter(Initialization.normal(deviation: 0.02)([prefixCount, width], &random)) : nil
    positions = Embedding(layout.positions, width: width, &random)
    sources = layout.shift > 0 ? Embedding(layout.positions, width: width, &random) : nil
    levels = layout.levels > 1 ? Embedding(layout.levels, width: width, &random) : nil
    blocks = (0..<depth).map { _ in TransformerBlock(width, heads: heads, ratio: ratio, dropout: dropout, &random) }
    norm = LayerNorm(width)
  }

  func callAsFunction(_ view: View, given condition: Condition, cache: AttentionCache?, _ random: inout Random?)
    -> Tensor
  {
    let all = view.places, settled = cache == nil ? 0 : view.turn.settled
    // Places are numbered from the first that is not settled.
    let fresh = view.slots.map { Array($0[settled...]) }
    let shown = view.shown.map { $0.filter { $0 >= settled }.map { $0 - settled } }
    let tokens = input(view.inputs.values.sliced(settled..<all, axis: 1))
    let blanks = blank() + Tensor(zeros: tokens.shape)
    var x =
      shown.allSatisfy { $0.count == all - settled } ? tokens : tokens.gathered(shown).scattered(shown, over: blanks)
    x = x + positions(fresh.map { $0.map(\.position) })
    if let levels { x = x + levels(fresh.map { $0.map(\.level) }) }
    if let sources { x = x + fedPositions(view, settled, sources) }
    if let vector = condition.vector { x = x + vector.reshaped([view.batch, 1, width]) }
    let isFirst = cache?.layers.isEmpty ?? true
    if isFirst, let prefix = condition.prefix, let prefixPositions {
      x = Tensor.concatenated([prefix + prefixPositions(), x], axis: 1)
    }
    let visible = visible(view, from: settled, withPrefix: isFirst)
    let keeping = prefixCount + keptPlaces(view)
    for (layer, block) in blocks.enumerated() {
      x = block(x, visible: visible, cache: cache, layer: layer, keeping: keeping, &random)
    }
    let start = (isFirst ? prefixCount : 0) - settled
    return norm(x.gathered(view.asked.map { $0.map { $0 + start } }))
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
    guard let seen = view.visible else {
      return prefixCount == 0 || !withPrefix ? nil : allVisible(view, from: settled)
    }
    return (withPrefix ? Array(repeating: prefixCount, count: prefixCount) : [])
      + seen[settled...].map { $0 + prefixCount }
  }

  private func allVisible(_ view: View, from settled: Int) -> [Int] {
    Array(repeating: prefixCount, count: prefixCount)
      + Array(repeating: prefixCount + view.places, count: view.places - settled)
  }

  /// Places that the next turn may call settled: those whose group nothing later can join.
  private func keptPlaces(_ view: View) -> Int {
    view.turn.asked.indices(in: view.places, sample: 0).last.map { $0 + 1 } ?? 0
  }
}

@section("overtone_parts") @used private let registration: Registration = { $0.registry.add(DecoderTransformer.self) }
