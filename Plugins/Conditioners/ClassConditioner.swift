import Autoregression
import Networks
import Settings
import Tensors

/// A conditioner by learned vectors, one per class and one for "no class", which training puts in place of a fraction
/// of the labels so that generation can be guided (classifier-free guidance; Ho and Salimans 2022, arXiv 2207.12598).
protocol ClassConditioner: Conditioner {
  /// [classes, width]
  var classes: Embedding { get }
  /// [1, width]: the vector of no class.
  var unconditional: Parameter { get }
}

extension ClassConditioner {
  /// Checkpoints of earlier versions keep their name of the vector of no class.
  static var checkpointNames: [String: String] { ["unconditional": "nothing"] }

  /// Returns the vector of each label, that of no class for nil: [batch, width].
  func vectors(_ labels: [Int?]) -> Tensor {
    // [classes + 1, width]
    let table = Tensor.concatenated([classes.weight(), unconditional()], axis: 0), last = table.shape[0] - 1
    return table.rows(labels.map { [$0 ?? last] }).reshaped([labels.count, table.shape[1]])
  }

  /// Reads the fraction of labels that training drops.
  static func labelDropout(_ settings: inout Settings) throws(SettingsError) -> Float {
    try settings.renamed("drop", to: "label-dropout")
    return try settings[
      "label-dropout", default: 0.1, in: 0...1,
      about:
        "the fraction of labels replaced by 'no class' in training, for classifier-free guidance (arXiv "
        + "2207.12598); MAR's label_drop_prob: 0.1"
    ]
  }
}

/// The class vectors of public checkpoints: one table with "no class" in its last row.
enum ClassTable {
  /// VAR's table.
  static let nextScale = checkpointMapping("VAR", "class_emb.weight")
  /// LlamaGen's table.
  static let llama = checkpointMapping("LlamaGen", "cls_embedding.embedding_table.weight")

  private static func checkpointMapping(_ family: String, _ name: String) -> CheckpointMapping {
    CheckpointMapping(family) { names in
      names.contains(name)
        ? [("classes.weight", CheckpointSource(name, .allButLast)), ("nothing", CheckpointSource(name, .last))] : []
    }
  }
}
