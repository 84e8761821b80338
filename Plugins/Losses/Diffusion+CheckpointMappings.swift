import Autoregression

extension Diffusion {
  /// Names of `SimpleMLPAdaLN` in the checkpoints of MAR and FAR, alone ("net.") or inside a model ("diffloss.net.").
  /// FAR's network also has a level ("index_cond_embed").
  static let checkpointMappings = ["MAR", "FAR"].map {
    CheckpointMapping(
      $0, prefixes: ["diffloss.net.", "net."],
      [
        ("diffloss.net.", "network."), ("net.", "network."), ("time_embed.mlp.0", "timeIn"),
        ("time_embed.mlp.2", "timeOut"), ("index_cond_embed", "levelScalar"), ("cond_embed", "context"),
        ("input_proj", "input"), ("res_blocks", "blocks"), ("in_ln", "norm"), ("mlp.0", "first"), ("mlp.2", "second"),
        ("final_layer.adaLN_modulation.1", "lastModulation"), ("adaLN_modulation.1", "modulation"),
        ("final_layer.linear", "output"),
      ])
  }
}
