import Autoregression
import Tensors

extension DecoderTransformer {
  /// The names of LlamaGen and VAR.
  static let checkpointMappings = [
    CheckpointMapping(
      "LlamaGen", prefixes: ["tok_embeddings.", "layers.", "norm."],
      [
        ("tok_embeddings.", "input."), ("layers.", "blocks."), (".attention_norm.", ".norm1."),
        (".ffn_norm.", ".norm2."),
        (".wqkv.", ".qkv."), (".wo.", ".output."), (".feed_forward.w1.", ".expand."), (".feed_forward.w3.", ".gate."),
        (".feed_forward.w2.", ".contract."),
      ]),
    nextScale,
  ]

  /// The names of VAR, whose tables and scales have axes of length 1 that ours lack. Its first scale is one cell.
  private static let nextScale = CheckpointMapping("VAR") { weights in
    let renamed = CheckpointMapping(
      "VAR", prefixes: ["pos_", "word_embed.", "lvl_embed.", "blocks.", "shared_ada_lin.", "head_nm."],
      [
        ("pos_start", "blank"), ("pos_1LC", "positions.weight"), ("word_embed.", "input."), ("lvl_embed.", "levels."),
        (".attn.mat_qkv.", ".attention.qkv."), (".attn.q_bias", ".attention.queryBias"),
        (".attn.v_bias", ".attention.valueBias"), (".attn.scale_mul_1H11", ".attention.sharpness"),
        (".attn.proj.", ".attention.output."), (".ffn.fc1.", ".expand."), (".ffn.fc2.", ".contract."),
        ("shared_ada_lin.1.", "sharedModulation."), ("head_nm.ada_lin.1.", "adaptiveNorm.modulation."),
        (".ada_lin.1.", ".modulation."), (".ada_gss", ".modulation"),
      ])
    // A buffer of zeros in place of a bias of keys is left out.
    let names = weights.filter { !$0.key.hasSuffix("zero_k_bias") && $0.value.shape.count < 5 }
    return renamed.translated(names.mapValues(\.withoutLeadingOnes))
  }
}

extension Tensor {
  /// Drops leading axes of length 1: [1, length, width] to [length, width], [1, 1, 6, width] to [6, width],
  /// [1, heads, 1, 1] to [heads]; a mask token [1, 1, width] stays.
  fileprivate var withoutLeadingOnes: Tensor {
    switch shape.count {
    case 4: reshaped(shape[2] == 1 ? [shape[1]] : [shape[2], shape[3]])
    case 3 where shape[1] > 1: reshaped([shape[1], shape[2]])
    default: self
    }
  }
}
