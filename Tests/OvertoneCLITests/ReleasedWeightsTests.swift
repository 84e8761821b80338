import Autoregression
import FixtureSupport
import Foundation
import Images
import Laboratory
import OvertoneCLI
import Storage
import Tensors
import Testing

/// Checkpoints under the released names, from `overtone import` to images.
@Suite struct ReleasedWeightsTests {
  /// Writes an image of each class, the experiment at the sizes of the fixture, and its weights.
  private func prepare(_ file: Fixture, _ name: String, in folder: String, direction: String) throws {
    func number(_ name: String) throws -> Int { try file.sizes(name)[0] }
    let patch = name == "mar" ? try number("patch_size") : 1, side = try number("latent_hw") / patch
    let classes = try number("class_num")
    for index in 0..<classes {
      try FileManager.default.createDirectory(atPath: "\(folder)/images/\(index)", withIntermediateDirectories: true)
      try ByteImage(height: 2 * side, width: 2 * side, colour: SIMD3(UInt8(20 * index), 90, 30))
        .writePNG(to: "\(folder)/images/\(index)/0.png")
    }
    let experiment = """
      seed: 1
      name: released
      results: \(folder)/results
      dataset: { use: image-folder, path: \(folder)/images, size: \(2 * side), classes: \(classes) }
      tokenizer:
        use: continuous
        stride: 2
        width: 4
        norm-groups: 1
        blocks: 0
        channels: \(try number("vae_embed_dim") * patch * patch)
        latent-scale: 0.2325
        training: { steps: 1, batch: 2 }
      direction: { \(direction) }
      conditioner: { use: class-prefix, count: \(try number("buffer_size")) }
      backbone: { use: encoder-decoder, \(try file.encoderDecoderSizes) }
      loss:
        use: diffusion
        width: \(try number("diffloss_w"))
        depth: \(try number("diffloss_d"))
        clip-denoised: none
        token-scale: none
      training: { weights: \(folder)/model.h5, steps: 0 }
      sampling: { per-class: 1 }
      evaluation: { count: 0 }
      """
    try experiment.write(toFile: "\(folder)/released.yaml", atomically: true, encoding: .utf8)
    try safetensors(try file.weights()).write(to: URL(fileURLWithPath: "\(folder)/released.safetensors"))
    #expect(
      overtone(["import", "\(folder)/released.safetensors", "\(folder)/model.h5", "\(folder)/released.yaml"]) == "done")
    #expect(overtone(["run", "--quiet", "\(folder)/released.yaml"]) == "done")
  }

  /// The latents of a generation with the reference's draws by the networks that `overtone sample` opens, in the
  /// order (batch, channel, row, column).
  private func latents(
    in folder: String, _ overrides: [String], labels: [Int], replaying recorded: [String: [Tensor]]
  ) throws -> Tensor {
    var run = try RunFolder("\(folder)/results/released/1").open(overrides: overrides, journal: Journal(quiet: true))
    try run.load()
    var random = Random(replaying: recorded, samples: Array(labels.indices))
    let latent = run.assembly.model.generate(labels, run.assembly.sampling.guidance, &random, watch: { _ in })
    return latent.permuted([0, 3, 1, 2])
  }

  /// Draws of a step, [batch, asked, width] each: of both halves of a guided batch the reference uses the first.
  private func draws(_ file: Fixture, _ step: String, batch: Int) throws -> (initial: Tensor, noise: [Tensor]) {
    let start = try file.tensor("\(step)/init_noise"), width = start.shape[1], asked = start.shape[0] / batch
    let all = try file.tensor("\(step)/noise"), halves = all.shape[1] / start.shape[0]
    return (
      start.reshaped([batch, asked, width]),
      (0..<all.shape[0]).map {
        all.sliced($0..<$0 + 1, axis: 0).reshaped([halves * batch, asked, width]).sliced(0..<batch, axis: 0)
      }
    )
  }

  /// Samples through the command, and checks that there is an image of each class.
  private func sample(_ folder: String, classes: Int) throws {
    #expect(overtone(["sample", "--quiet", "\(folder)/results/released/1", "--out", "\(folder)/out"]) == "done")
    let images = try FileManager.default.contentsOfDirectory(atPath: "\(folder)/out")
    #expect(images.filter { $0.hasSuffix(".png") }.count == classes + 1)
  }

  @Test("MAR's weights, imported by the command, generate the latents of the released samplers, and images")
  func mar() throws {
    let file = try Fixture("mar"), batch = try file.sizes("batch")[0]
    let runs = file.names("outputs").filter { $0.hasPrefix("sample") }, labels = try file.ints("inputs/sampling/labels")
    #expect(!runs.isEmpty)
    try inFolder { folder in
      try prepare(file, "mar", in: folder, direction: "use: masked")
      for run in runs {
        let turns = file.names("inputs/\(run)").filter { $0.hasPrefix("step") }.count
        let steps = try (0..<turns).map { try draws(file, "inputs/\(run)/step\($0)", batch: batch) }
        let map = try file.ints("inputs/\(run)/timestep_map")
        let spacing = map.last == 999 ? "\(map.count)" : "[\(try #require(file.text("sections")))]"
        let cfg = try #require(try file.attribute("cfg", of: "outputs/\(run)"))
        let isLinear = file.text("cfg_schedule", of: "outputs/\(run)") == "linear"
        let latents = try latents(
          in: folder,
          [
            "direction.steps=\(turns)", "loss.steps=\(spacing)",
            "sampling.guidance=" + (isLinear ? "{ from: 1, to: \(cfg) }" : "\(cfg)"),
            "sampling.temperature=\(try #require(try file.attribute("temperature", of: "outputs/\(run)")))",
          ], labels: labels,
          replaying: [
            "initial": steps.map(\.initial), "denoising": steps.flatMap(\.noise),
            "order": [try file.tensor("inputs/sampling/orders")],
          ])
        #expect(try file.disagreement(latents, "outputs/\(run)/latents") == nil, "\(run)")
      }
      try sample(folder, classes: try file.sizes("class_num")[0])
    }
  }

  @Test(
    "FAR's weights, imported by the command, generate the latents of the released samplers, and images",
    arguments: ["nomask", "mask"])
  func far(_ kind: String) throws {
    let file = try Fixture("far"), batch = try file.sizes("batch")[0], isMasked = kind == "mask", run = "sample_\(kind)"
    let levels = try file.sizes(isMasked ? "far_mask_levels" : "far_levels")
    func list(_ name: String) throws -> String {
      let values = try levels.indices.map { try file.tensor("outputs/\(run)/step\($0)/\(name)").scalars[0] }
      return "{ list: \(values) }"
    }
    try inFolder { folder in
      try prepare(
        file, "far", in: folder,
        direction: "use: frequency, preset: released, levels: \(levels), unfiltered-steps: \(isMasked ? "[1]" : "[]"), "
          + "mask: { sampling: \(isMasked ? "cosine" : "none") }")
      let steps = try levels.indices.map { try draws(file, "inputs/\(run)/step\($0)", batch: batch) }
      var recorded = ["initial": steps.map(\.initial), "denoising": steps.flatMap(\.noise)]
      if isMasked { recorded["order"] = [try file.tensor("inputs/sampling/orders")] }
      let latents = try latents(
        in: folder,
        [
          "loss.steps=[\(file.text("sections") ?? "")]", "sampling.guidance=\(try list("cfg_iter"))",
          "sampling.temperature=\(try list("temperature_iter"))",
        ], labels: try file.ints("inputs/sampling/labels"), replaying: recorded)
      #expect(try file.disagreement(latents, "outputs/\(run)/latents") == nil)
      try sample(folder, classes: try file.sizes("class_num")[0])
    }
  }

  @Test("imported weights that would meet deviations they never saw are refused with the setting to change")
  func unseenStatistics() throws {
    let file = try Fixture("mar")
    try inFolder { folder in
      try prepare(file, "mar", in: folder, direction: "use: masked, steps: 2")
      let weights = "\(folder)/model.h5: these imported weights never saw the "
      #expect(
        overtone(["run", "--quiet", "\(folder)/released.yaml", "loss.token-scale=per-level"]) == weights
          + "standard deviations of tokens that 'loss.token-scale' measures; set it to 'none'.")
      #expect(
        overtone(["run", "--quiet", "\(folder)/released.yaml", "tokenizer.latent-scale=0"]) == weights
          + "means and standard deviations of latents that 'tokenizer.latent-scale' measures; set it to the factor "
          + "that they were trained with (MAR, FAR: 0.2325).")
      // A checkpoint of a run knows its statistics.
      let artefacts = try FileManager.default.contentsOfDirectory(atPath: "\(folder)/results/artefacts")
      let model = try #require(artefacts.first { $0.hasPrefix("model-") })
      #expect(
        overtone([
          "run", "--quiet", "\(folder)/released.yaml", "tokenizer.latent-scale=0",
          "training.weights=\(folder)/results/artefacts/\(model)/checkpoint.h5",
        ]) == "done")
    }
  }
}
