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
  static let checkpointMappings = ["MAR", "FAR"].map {
    CheckpointMapping(
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

  let input: TokenInput
  let inputNorm: Norm
  /// [prefix + positions, width]; without learned positions those of the prefix only, nil without either.
  let encoderPositions: Parameter?
  let encoderBlocks: [TransformerBlock]
  let encoderNorm: Norm
  let bridge: Linear
  /// [1, 1, width]: what a place holds that is not shown.
  let blank: Parameter
  let decoderPositions: Parameter?
  let decoderBlocks: [TransformerBlock]
  let decoderNorm: Norm?
  let adaptiveNorm: AdaptiveNorm?
  /// [positions, width], added to what the loss is given; nil unless positions are learned.
  let outputPositions: Parameter?
  /// [6 width, width]: what moves the norms of all blocks, where they share it.
  let sharedModulation: Linear?
  /// Of the level of each place, added where encoder and decoder begin.
  let levels: Embedding?
  let width: Int
  let prefixCount: Int
  let choices: BackboneChoices
  let layout: Layout

  static func width(_ settings: inout Settings) throws(SettingsError) -> Int {
    try BackboneChoices.width(&settings, try preset(&settings).defaults)
  }

  private static func preset(_ settings: inout Settings) throws(SettingsError) -> EncoderDecoderPreset {
    try settings["preset", default: .none, about: "a paper's sizes and forms as defaults for all below"]
  }

  init(_ settings: inout Settings, for shape: BackboneShape, _ random: inout Random) throws(SettingsError) {
    let choices = try BackboneChoices(
      &settings, try Self.preset(&settings).defaults, depths: 2...256, depthIs: "blocks, half of them in the encoder",
      for: shape)
    let depth = choices.depth
    guard depth % 2 == 0 else {
      throw settings.refusal("encoder and decoder are equally deep; 'depth' must be even, not \(depth).", at: "depth")
    }
    guard shape.layout.shift == 0 else {
      throw settings.refusal(
        "backbone 'encoder-decoder' sees both ways and cannot predict next tokens; use backbone 'decoder'.", at: "use")
    }
    guard shape.layout.groups.first == shape.layout.groups.last else {
      throw settings.refusal(
        "backbone 'encoder-decoder' sees both ways, and here later places hold the answers of earlier ones; use backbone 'decoder'.",
        at: "use")
    }
    var knowsLevels = false
    if shape.layout.levels > 1 {
      knowsLevels = try settings[
        "level-embedding", default: false,
        about: "whether places are told their level; FAR (arXiv 2503.05305) tells its loss instead"]
    }
    (width, prefixCount, self.choices, layout) = (choices.width, shape.prefixCount, choices, shape.layout)
    let width = self.width, isLearned = choices.positions == .learned, form = choices.block
    let isAdaptive = form.adaptive != .none
    let rows = prefixCount + (isLearned ? shape.layout.positions : 0)
    func norm(isLearned: Bool = true) -> Norm {
      Norm(form.norm, width, isLearned: isLearned, epsilon: form.epsilon)
    }
    input = TokenInput(choices, of: shape.space, &random)
    inputNorm = norm()
    encoderPositions = rows > 0 ? choices.rows([rows, width], &random) : nil
    encoderBlocks = choices.blocks(0..<depth / 2, of: depth, &random)
    encoderNorm = norm()
    bridge = Linear(from: width, to: width, hasBias: form.perceptronBias, weight: choices.weight, &random)
    blank = choices.rows([1, 1, width], &random, decays: true)
    decoderPositions = rows > 0 ? choices.rows([rows, width], &random) : nil
    decoderBlocks = choices.blocks(depth / 2..<depth, of: depth, &random)
    decoderNorm = isAdaptive ? nil : norm()
    adaptiveNorm =
      isAdaptive ? AdaptiveNorm(norm(isLearned: false), width, deviation: form.shiftDeviation, &random) : nil
    outputPositions = isLearned ? choices.rows([shape.layout.positions, width], &random) : nil
    sharedModulation =
      form.adaptive == .shared ? Linear(from: width, to: 6 * width, weight: choices.weight, &random) : nil
    levels = knowsLevels ? choices.table(shape.layout.levels, &random) : nil
  }

  func callAsFunction(_ view: View, given condition: Condition, cache: AttentionCache?, _ random: inout Random?)
    -> Tensor
  {
    let batch = view.batch, shown = view.shown, isWhole = view.turn.shown.count(in: view.length) == view.length
    let vector = condition.vector?.reshaped([batch, 1, width])
    let bent = choices.block.adaptive == .none ? nil : condition.vector?.activated(.silu)
    let told = sharedModulation.flatMap { shared in bent.map { shared($0) } } ?? bent
    // The encoder: prefix, then what is shown.
    let known = isWhole ? view.slots : zip(view.slots, shown).map { row, shown in shown.map { row[$0] } }
    var tokens = input(isWhole ? view.inputs : view.inputs[.perSample(shown)])
    if let vector, choices.vector == .everywhere, tokens.shape[1] > 0 { tokens = tokens + vector }
    if let levels, tokens.shape[1] > 0 { tokens = tokens + levels(known.map { $0.map(\.level) }) }
    if let prefix = condition.prefix { tokens = Tensor.concatenated([prefix, tokens], axis: 1) }
    var x = inputNorm(placed(tokens, encoderPositions, known)).dropped(choices.tokenDropout, &random)
    if x.shape[1] > 0 {
      let around = TransformerBlock.Surroundings(visible: nil, rotation: rotation(known), told: told)
      for (layer, block) in encoderBlocks.enumerated() { x = block(x, around, layer: layer, &random) }
    }
    x = bridge(encoderNorm(x))
    // The decoder: prefix, then every place, blank where nothing is shown.
    if !isWhole {
      var blanks = blank() + Tensor(zeros: [batch, view.length, width])
      if let vector { blanks = blanks + vector }
      let seen = x.sliced(prefixCount..<x.shape[1], axis: 1).scattered(shown, over: blanks)
      x = Tensor.concatenated([x.sliced(0..<prefixCount, axis: 1), seen], axis: 1)
    }
    x = placed(x, decoderPositions, view.slots)
    if let levels {
      let told = levels(view.slots.map { $0.map(\.level) }), prefix = x.sliced(0..<prefixCount, axis: 1)
      x = Tensor.concatenated([prefix, x.sliced(prefixCount..<x.shape[1], axis: 1) + told], axis: 1)
    }
    var around = TransformerBlock.Surroundings(visible: nil, rotation: rotation(view.slots), told: told)
    let isAllAsked = view.turn.predicted.count(in: view.length) == x.shape[1]
    for (layer, block) in decoderBlocks.enumerated() {
      // Nobody sees what the last block makes of other places.
      if layer == decoderBlocks.count - 1, !isAllAsked {
        around.wanted = view.predicted.map { $0.map { prefixCount + $0 } }
      }
      x = block(x, around, layer: layer, &random)
    }
    if let decoderNorm { x = decoderNorm(x) } else if let adaptiveNorm, let bent { x = adaptiveNorm(x, bent) }
    guard let outputPositions else { return x }
    return x
      + outputPositions().rows(zip(view.slots, view.predicted).map { row, asked in asked.map { row[$0].position } })
  }

  /// Prefix and tokens with their positions, as far as these are added.
  private func placed(_ tokens: Tensor, _ table: Parameter?, _ slots: [[Slot]]) -> Tensor {
    let prefix = Array(0..<prefixCount)
    if choices.positions == .learned, let table {
      return tokens + table().rows(slots.map { prefix + $0.map { prefixCount + $0.position } })
    }
    var added = table?().reshaped([1, prefixCount, width])
    if choices.positions == .sineCosine {
      let fixed = Tensor.sineCosine(slots.map { $0.map(layout.spot) }, width: width)
      added =
        added.map { Tensor.concatenated([$0 + Tensor(zeros: [slots.count, prefixCount, width]), fixed], axis: 1) }
        ?? fixed
    } else if let prefixes = added {
      let none = Tensor(zeros: [1, tokens.shape[1] - prefixCount, width])
      added = Tensor.concatenated([prefixes, none], axis: 1)
    }
    return added.map { tokens + $0 } ?? tokens
  }

  private func rotation(_ slots: [[Slot]]) -> RotaryAngles? {
    choices.rotation(slots.map { Array(repeating: nil, count: prefixCount) + $0.map(layout.spot) })
  }
}

@section("overtone_parts") @used private let registration: Registration = {
  $0.registry.add(EncoderDecoderTransformer.self)
}
