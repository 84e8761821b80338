import Autoregression
import Networks
import Tensors

/// How public checkpoints hold class vectors: one table, "no class" in its last row.
enum ClassTable {
  static let nextScale = checkpointMapping("VAR", "class_emb.weight")
  static let llama = checkpointMapping("LlamaGen", "cls_embedding.embedding_table.weight")

  private static func checkpointMapping(_ family: String, _ name: String) -> CheckpointMapping {
    CheckpointMapping(family) { weights in
      guard let table = weights[name], table.shape.count == 2, table.shape[0] > 1 else { return [:] }
      let last = table.shape[0] - 1
      return [
        "classes.weight": .init(table.sliced(0..<last, axis: 0), from: [name]),
        "nothing": .init(table.sliced(last..<last + 1, axis: 0), from: [name]),
      ]
    }
  }
}

/// One row per label: its class vector, or the learned nothing. [batch, width]
func told(_ labels: [Int?], _ classes: Embedding, _ nothing: Parameter) -> Tensor {
  let table = Tensor.concatenated([classes.weight(), nothing()], axis: 0), last = table.shape[0] - 1
  return table.rows(labels.map { [$0 ?? last] }).reshaped([labels.count, table.shape[1]])
}
