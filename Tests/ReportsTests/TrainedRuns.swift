import ProgramSupport

/// Runs of seconds that the figures are drawn from, trained once for all tests.
enum TrainedRuns {
  /// The quickstart: continuous tokens, the frequency direction, the diffusion loss.
  static let continuous: Scratch = {
    let scratch = Scratch()
    _ = try? program(["run", "-q", quickstart, "results=\(scratch.path)"] + tiny)
    return scratch
  }()
  /// The folder of its one run.
  static var continuousRun: String { onlyRun(in: "\(continuous.path)/quickstart") }

  /// Raster order over codes of a small VQ tokenizer, with two values of a numeric setting and two tokenizers.
  static let codes: Scratch = {
    let scratch = Scratch()
    try? scratch.write(
      """
      seed: 3
      results: \(scratch.path)
      dataset: { use: shapes, size: 16, count: 48, classes: [circle, square] }
      tokenizer:
        { use: vq, stride: 4, width: 4, norm-groups: 2, blocks: 0, codes: 16, code-width: 4,
          training: { steps: 4, batch: 8 } }
      direction: { use: raster }
      conditioner: { use: class-vector }
      backbone: { use: decoder, width: 16, depth: 1, heads: 2 }
      loss: { use: cross-entropy }
      training: { steps: 6, batch: 8 }
      sampling: { per-class: 2 }
      evaluation: { count: 8 }
      metrics: [{ use: psnr }, { use: throughput }]
      sweep:
        variants:
          small:
          large: { tokenizer: { codes: 64 } }
        grid: { sampling.guidance: [1, 2] }
      """, "codes.yaml")
    _ = try? program(["run", "-q", "\(scratch.path)/codes.yaml"])
    return scratch
  }()
}
