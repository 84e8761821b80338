import Autoregression
import Networks
import Settings
import Tensors

/// An encoder that sees only what is shown and a decoder that fills the blanks, both bidirectional
/// (MAE; He et al. 2021, arXiv 2111.06377; as MAR and FAR use it).
struct EncoderDecoderTransformer: Backbone {
  static let key = "encoder-decoder"
  static let about = About(
    "An encoder of the shown tokens and a decoder of all places (masked autoencoder).",
    source: "He et al. 2021 (MAE), arXiv 2111.06377; Li et al. 2024 (MAR), arXiv 2406.11838",
    example: "width: 32\nheads: 4\ndepth: 2")
  /// MAR and FAR name them alike.
  static let dialects = ["MAR", "FAR"].map {
    Dialect(
      $0, prefixes: ["z_proj", "encoder_", "decoder_", "mask_token", "diffusion_pos_embed"],
      [
        ("mask_token", "blank"), ("encoder_pos_embed_learned", "encoderPositions"),
        ("decoder_pos_embed_learned", "decoderPositions"), ("diffusion_pos_embed_learned", "outputPositions"),
        ("z_proj_ln", "inputNorm"), ("z_proj", "input"), ("encoder_blocks", "encoderBlocks"),
        ("decoder_blocks", "decoderBlocks"), ("encoder_norm", "encoderNorm"), ("decoder_norm", "decoderNorm"),
        ("decoder_embed", "bridge"), ("attn.qkv", "attention.qkv"), ("attn.proj", "attention.output"),
        ("mlp.fc1", "expand"), ("mlp.fc2", "contract"),
      ])
  }

  let input: Linear
  let inputNorm: LayerNorm
  /// [prefix + positions, width]
  let encoderPositions: Parameter
  let encoderBlocks: [TransformerBlock]
  let encoderNorm: LayerNorm
  let bridge: Linear
  /// [1, 1, width]: what a place holds that is not shown.
  let blank: Parameter
  let decoderPositions: Parameter
  let decoderBlocks: [TransformerBlock]
  let decoderNorm: LayerNorm
  /// [positions, width], added to what the loss is given.
  let outputPositions: Parameter
  let width: Int
  let prefixCount: Int

  static func width(_ settings: inout Settings) throws(SettingsError) -> Int {
    try settings["width", default: 256, in: 1...16_384, about: "channels of every layer"]
  }

  init(_ settings: inout Settings, for shape: BackboneShape, _ random: inout Random) throws(SettingsError) {
    width = try Self.width(&settings)
    let depth: Int = try settings["depth", default: 8, in: 2...256, about: "blocks, half of them in the encoder"]
    let heads: Int = try settings["heads", default: 8, in: 1...256, about: "attention heads"]
    let ratio: Int = try settings["ratio", default: 4, in: 1...16, about: "width of the perceptrons, as a multiple"]
    let dropout: Float = try settings[
      "dropout", default: 0, in: 0...0.9, about: "share dropped from projections in training; MAR and FAR: 0.1"]
    guard width % heads == 0 else {
      throw settings.refusal(
        "\(width) channels do not divide into \(heads) heads; let 'heads' divide 'width'.", at: "heads")
    }
    guard depth % 2 == 0 else {
      throw settings.refusal("encoder and decoder are equally deep; 'depth' must be even, not \(depth).", at: "depth")
    }
    guard shape.layout.shift == 0 else {
      throw settings.refusal(
        "backbone 'encoder-decoder' sees both ways and cannot predict next tokens; use backbone 'decoder'.", at: "use")
    }
    prefixCount = shape.prefixCount
    let width = self.width, positions = shape.layout.positions, spread = Initialization.normal(deviation: 0.02)
    input = Linear(from: shape.space.width, to: width, &random)
    inputNorm = LayerNorm(width)
    encoderPositions = Parameter(spread([prefixCount + positions, width], &random))
    encoderBlocks = (0..<depth / 2).map { _ in
      TransformerBlock(width, heads: heads, ratio: ratio, dropout: dropout, &random)
    }
    encoderNorm = LayerNorm(width)
    bridge = Linear(from: width, to: width, &random)
    blank = Parameter(spread([1, 1, width], &random), decays: true)
    decoderPositions = Parameter(spread([prefixCount + positions, width], &random))
    decoderBlocks = (0..<depth / 2).map { _ in
      TransformerBlock(width, heads: heads, ratio: ratio, dropout: dropout, &random)
    }
    decoderNorm = LayerNorm(width)
    outputPositions = Parameter(spread([positions, width], &random))
  }

  func callAsFunction(_ view: View, given condition: Condition, cache: AttentionCache?, _ random: inout Random?)
    -> Tensor
  {
    let batch = view.batch, shown = view.shown, isWhole = view.turn.shown.count(in: view.places) == view.places
    let positions = view.slots.map { $0.map { prefixCount + $0.position } }
    func placed(_ tokens: Tensor, _ table: Parameter, _ positions: Indices) -> Tensor {
      tokens + table().rows(positions.map { Array(0..<prefixCount) + $0 })
    }
    // The encoder: prefix, then what is shown.
    let rows = isWhole ? view.inputs.values : view.inputs.values.gathered(shown)
    let known = isWhole ? positions : zip(positions, shown).map { row, shown in shown.map { row[$0] } }
    var tokens = input(rows)
    if let vector = condition.vector { tokens = tokens + vector.reshaped([batch, 1, width]) }
    if let prefix = condition.prefix { tokens = Tensor.concatenated([prefix, tokens], axis: 1) }
    var x = inputNorm(placed(tokens, encoderPositions, known))
    for block in encoderBlocks { x = block(x, visible: nil, &random) }
    x = bridge(encoderNorm(x))
    // The decoder: prefix, then every place, blank where nothing is shown.
    if !isWhole {
      let blanks = blank() + Tensor(zeros: [batch, view.places, width])
      let seen = x.sliced(prefixCount..<x.shape[1], axis: 1).scattered(shown, over: blanks)
      x = Tensor.concatenated([x.sliced(0..<prefixCount, axis: 1), seen], axis: 1)
    }
    x = placed(x, decoderPositions, positions)
    for block in decoderBlocks { x = block(x, visible: nil, &random) }
    x = decoderNorm(x).sliced(prefixCount..<prefixCount + view.places, axis: 1)
    x = x + outputPositions().rows(view.slots.map { $0.map(\.position) })
    return view.turn.asked.count(in: view.places) == view.places ? x : x.gathered(view.asked)
  }
}

@section("overtone_parts") @used private let registration: Registration = {
  $0.registry.add(EncoderDecoderTransformer.self)
}
