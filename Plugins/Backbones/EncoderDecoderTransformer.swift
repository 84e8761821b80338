import Autoregression
import Networks
import Settings
import Tensors

/// A masked autoencoder: an encoder of the shown tokens and a decoder of all positions, both bidirectional
/// (MAE; He et al. 2021, arXiv 2111.06377; as MAR and FAR use it).
struct EncoderDecoderTransformer: TransformerBackbone {
  typealias Preset = EncoderDecoderPreset
  static let key = "encoder-decoder"
  static let about = About(
    "An encoder of the shown tokens and a decoder of all positions (masked autoencoder).",
    source: "He et al. 2021 (MAE), arXiv 2111.06377; Li et al. 2024 (MAR), arXiv 2406.11838",
    example: "width: 32\nheads: 4\ndepth: 2")
  /// Checkpoints of earlier versions keep their names of these parameters.
  static let checkpointNames = ["maskToken": "blank", "decoderEmbedding": "bridge"]
  /// MAR and FAR have the same names.
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

  /// From tokens to the width of the blocks.
  let input: TokenEmbedding
  /// The norm of embedded tokens, after positions are added.
  let inputNorm: Norm
  /// [prefix + positions, encoder width]; without learned positions those of the prefix only, nil without either.
  let encoderPositions: Parameter?
  /// Blocks over the prefix and the shown tokens.
  let encoderBlocks: [TransformerBlock]
  /// The norm of the encoder's output.
  let encoderNorm: Norm
  /// From the encoder's output to the decoder's input, weight [decoder width, encoder width].
  let decoderEmbedding: Linear
  /// [1, 1, decoder width]: the decoder's input at positions that are not shown.
  let maskToken: Parameter
  /// As `encoderPositions`, in the width of the decoder.
  let decoderPositions: Parameter?
  /// Blocks over all positions.
  let decoderBlocks: [TransformerBlock]
  /// The norm after the decoder; nil where it is adaptive.
  let decoderNorm: Norm?
  /// The norm after the decoder where the conditioning vector modulates norms.
  let adaptiveNorm: AdaptiveNorm?
  /// [positions, decoder width], added to the output; nil unless positions are learned.
  let outputPositions: Parameter?
  let sharedModulation: Linear?
  /// The embedding of scales or bands, added to the inputs of encoder and decoder; nil: none.
  let levels: Embedding?
  /// That of the decoder where it has a width of its own; nil: `levels`.
  let decoderLevels: Embedding?
  /// From the conditioning vector to the decoder's, weight [decoder width, encoder width]; nil where widths are equal.
  let decoderCondition: Linear?
  let prefixCount: Int
  /// The sizes of the encoder.
  let encoder: BackboneSettings
  /// The sizes of the decoder.
  let settings: BackboneSettings
  let layout: Layout

  init(_ settings: inout Settings, for shape: BackboneShape, _ random: inout Random) throws(SettingsError) {
    let all = try BackboneSettings(
      &settings, try Self.defaults(&settings), depths: 2...256,
      aboutDepth: "the number of blocks, half of them in the encoder unless 'encoder.depth' says otherwise", for: shape)
    let (encoder, decoder, encoderDepth, depth) = try Self.stacks(all, &settings)
    try Self.check(encoder, decoder, for: shape, settings)
    let isLearned = all.positions.kind == .learned
    var hasLevels = false
    if shape.layout.levels > 1 {
      hasLevels = try settings[
        "level-embedding", default: false,
        about:
          "whether a learned embedding of the scale or band is added to tokens; FAR (arXiv 2503.05305): "
          + "false, its loss has one"
      ]
    }
    (prefixCount, self.encoder, self.settings, layout) = (shape.prefixCount, encoder, decoder, shape.layout)
    let rows = prefixCount + (isLearned ? shape.layout.positions : 0)
    let width = decoder.width
    input = TokenEmbedding(encoder, of: shape.space, &random)
    inputNorm = encoder.norm(isLearned: true)
    encoderPositions = rows > 0 ? encoder.positionVectors(rows, &random) : nil
    encoderBlocks = encoder.blocks(0..<encoderDepth, of: depth, &random)
    encoderNorm = encoder.norm(isLearned: true)
    decoderEmbedding = Linear(
      from: encoder.width, to: width, hasBias: all.block.mlpBias, weight: decoder.initialization.weight, &random)
    maskToken = decoder.maskToken(&random)
    decoderPositions = rows > 0 ? decoder.positionVectors(rows, &random) : nil
    decoderBlocks = decoder.blocks(encoderDepth..<depth, of: depth, &random)
    decoderNorm = all.isAdaptive ? nil : decoder.norm(isLearned: true)
    adaptiveNorm = decoder.adaptiveNorm(&random)
    outputPositions = isLearned ? decoder.positionVectors(shape.layout.positions, &random) : nil
    sharedModulation = decoder.sharedModulation(&random)
    levels = hasLevels ? encoder.table(shape.layout.levels, &random) : nil
    let isProjected = encoder.width != width
    decoderLevels = hasLevels && isProjected ? decoder.table(shape.layout.levels, &random) : nil
    decoderCondition =
      shape.hasVector && isProjected
      ? Linear(from: encoder.width, to: width, weight: decoder.initialization.weight, &random) : nil
  }

  func callAsFunction(_ view: View, given condition: Condition, cache: AttentionCache?, _ random: inout Random?)
    -> Tensor
  {
    var conditioning = conditioning(condition, batch: view.batch)
    var x = encoded(view, after: condition.prefix, conditioning, &random)
    if let decoderCondition, let vector = condition.vector {
      conditioning = self.conditioning(Condition(vector: decoderCondition(vector)), batch: view.batch)
    }
    x = decoded(x, of: view, conditioning, &random)
    if let decoderNorm {
      x = decoderNorm(x)
    } else if let adaptiveNorm, let vector = conditioning.activated {
      x = adaptiveNorm(x, vector)
    }
    guard let outputPositions else { return x }
    return x
      + outputPositions().rows(
        zip(view.slots, view.predicted).map { row, predicted in predicted.map { row[$0].position } })
  }

  /// Returns the encoder's output for the prefix and the shown tokens: [batch, prefix + shown, encoder width].
  private func encoded(
    _ view: View, after prefix: Tensor?, _ conditioning: Conditioning, _ random: inout Random?
  ) -> Tensor {
    let isWhole = showsAll(view), shown = view.shown
    let slots = isWhole ? view.slots : zip(view.slots, shown).map { row, shown in shown.map { row[$0] } }
    // [batch, shown, encoder width]
    var tokens = input(isWhole ? view.inputs : view.inputs[.perSample(shown)])
    if let vector = conditioning.vector, settings.input.conditionTarget == .allTokens, tokens.shape[1] > 0 {
      tokens = tokens + vector
    }
    if let levels, tokens.shape[1] > 0 { tokens = tokens + levels(slots.map { $0.map(\.level) }) }
    // [batch, prefix + shown, encoder width]
    if let prefix { tokens = Tensor.concatenated([prefix, tokens], axis: 1) }
    var x = inputNorm(withPositions(tokens, encoderPositions, slots)).dropout(settings.input.dropout, &random)
    guard x.shape[1] > 0 else { return encoderNorm(x) }
    let inputs = AttentionInputs(rotation: rotation(slots, prefix: prefixCount, headWidth: encoder.headWidth))
    for block in encoderBlocks { x = block(x, inputs, conditioning: conditioning.blocks, &random) }
    return encoderNorm(x)
  }

  /// Returns the decoder's output at the predicted positions: [batch, predicted, decoder width].
  private func decoded(
    _ encoded: Tensor, of view: View, _ conditioning: Conditioning, _ random: inout Random?
  ) -> Tensor {
    var x = decoderEmbedding(encoded)
    // [batch, prefix + positions, decoder width]: mask tokens where nothing is shown.
    if !showsAll(view) {
      var masked = maskToken() + Tensor(zeros: [view.batch, view.length, width])
      if let vector = conditioning.vector { masked = masked + vector }
      let tokens = x.sliced(prefixCount..<x.shape[1], axis: 1).scattered(view.shown, over: masked)
      x = Tensor.concatenated([x.sliced(0..<prefixCount, axis: 1), tokens], axis: 1)
    }
    x = withPositions(x, decoderPositions, view.slots)
    if let levels = decoderLevels ?? levels {
      let embeddings = levels(view.slots.map { $0.map(\.level) }), prefix = x.sliced(0..<prefixCount, axis: 1)
      x = Tensor.concatenated([prefix, x.sliced(prefixCount..<x.shape[1], axis: 1) + embeddings], axis: 1)
    }
    var inputs = AttentionInputs(rotation: rotation(view.slots, prefix: prefixCount, headWidth: settings.headWidth))
    let needsAll = view.turn.predicted.count(in: view.length) == x.shape[1]
    for (index, block) in decoderBlocks.enumerated() {
      // The last block computes only what the head reads.
      if index == decoderBlocks.count - 1, !needsAll {
        inputs.queryPositions = view.predicted.map { $0.map { prefixCount + $0 } }
      }
      x = block(x, inputs, conditioning: conditioning.blocks, &random)
    }
    return x
  }

  /// True where tokens of all positions are shown.
  private func showsAll(_ view: View) -> Bool { view.turn.shown.count(in: view.length) == view.length }

  /// Returns prefix and tokens with position embeddings, where these are added: [batch, prefix + positions, channels].
  /// `table` is [prefix + positions, channels], or [prefix, channels] without learned positions.
  private func withPositions(_ tokens: Tensor, _ table: Parameter?, _ slots: [[Slot]]) -> Tensor {
    if settings.positions.kind == .learned, let table {
      let prefix = Array(0..<prefixCount)
      return tokens + table().rows(slots.map { prefix + $0.map { prefixCount + $0.position } })
    }
    let width = tokens.shape[2]
    var added = table?().reshaped([1, prefixCount, width])
    if settings.positions.kind == .sineCosine {
      let fixed = Tensor.sinusoidalEmbedding(gridPositions(slots, prefix: 0), width: width)
      added =
        added.map { Tensor.concatenated([$0 + Tensor(zeros: [slots.count, prefixCount, width]), fixed], axis: 1) }
        ?? fixed
    } else if let prefixPositions = added {
      let zeros = Tensor(zeros: [1, tokens.shape[1] - prefixCount, width])
      added = Tensor.concatenated([prefixPositions, zeros], axis: 1)
    }
    return added.map { tokens + $0 } ?? tokens
  }
}

@section("overtone_parts") @used private let registration: Registration = {
  $0.registry.add(EncoderDecoderTransformer.self)
}
