import Storage

extension Run {
  /// Where a stage shows its numbers while it works; nil where nobody asked for that.
  func board(_ stage: String) -> TensorBoard? {
    assembly.logging == .tensorboard ? TensorBoard(run: folder, stage: stage) : nil
  }

  /// Hands on what was measured and painted.
  func showResult() throws {
    guard let board = board("eval") else { return }
    let metrics = MetricsLog("\(folder)/metrics.h5")
    let values = try metrics.names(in: "eval").compactMap { name in
      try metrics.series("eval", name).last.map { (name, $0.value) }
    }
    try board.show(
      values, images: ["grid", "turns", "reconstructions", "spectrum"].map { "\(folder)/samples/\($0).png" },
      step: assembly.training.steps)
  }
}
