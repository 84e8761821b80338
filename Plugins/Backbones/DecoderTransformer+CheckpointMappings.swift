import Autoregression

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
    // The names of VAR, whose tables and scales have axes of length 1 that ours lack. Its first scale is one cell. A
    // buffer of zeros in place of a bias of keys is left out.
    CheckpointMapping(
      "VAR", prefixes: ["pos_", "word_embed.", "lvl_embed.", "blocks.", "shared_ada_lin.", "head_nm."],
      ignoredSuffixes: ["zero_k_bias"],
      [
        ("pos_start", "blank"), ("pos_1LC", "positions.weight"), ("word_embed.", "input."), ("lvl_embed.", "levels."),
        (".attn.mat_qkv.", ".attention.qkv."), (".attn.q_bias", ".attention.queryBias"),
        (".attn.v_bias", ".attention.valueBias"), (".attn.scale_mul_1H11", ".attention.sharpness"),
        (".attn.proj.", ".attention.output."), (".ffn.fc1.", ".expand."), (".ffn.fc2.", ".contract."),
        ("shared_ada_lin.1.", "sharedModulation."), ("head_nm.ada_lin.1.", "adaptiveNorm.modulation."),
        (".ada_lin.1.", ".modulation."), (".ada_gss", ".modulation"),
      ]),
  ]
}
