import FixtureSupport
import Foundation
import Laboratory
import OvertoneCLI
import Storage
import Tensors
import Testing

/// Weights of the reference, written as a public checkpoint would be, brought into an experiment of the same sizes.
@Suite struct ImportTests {
  private func number(_ file: Fixture, _ name: String) throws -> Int { try file.sizes(name)[0] }

  /// MAR at the sizes of the fixture, on images that give as many tokens.
  private func experiment(_ file: Fixture) throws -> String {
    let patch = try number(file, "patch_size"), side = try number(file, "latent_hw") / patch
    return """
      seed: 1
      dataset: { use: shapes, size: \(2 * side), count: 8, classes: [circle] }
      tokenizer:
        { use: continuous, stride: 2, width: 4, norm-groups: 1, blocks: 0,
          channels: \(try number(file, "vae_embed_dim") * patch * patch), latent-scale: 1 }
      direction: { use: masked, steps: 2 }
      conditioner: { use: class-prefix, count: \(try number(file, "buffer_size")) }
      backbone: { use: encoder-decoder, \(try file.encoderDecoderSizes) }
      loss:
        { use: diffusion, width: \(try number(file, "diffloss_w")), depth: \(try number(file, "diffloss_d")),
          token-scale: none }
      """
  }

  @Test("a checkpoint of MAR becomes ours, tensor by tensor, whatever the number of classes")
  func whole() throws {
    let file = try Fixture("mar")
    var weights = try file.weights()
    // The experiment has one class; the table is cut to it.
    let table = try #require(weights["class_emb.weight"])
    weights["class_emb.weight"] = table.sliced(0..<1, axis: 0)
    try inFolder { folder in
      try experiment(file).write(toFile: "\(folder)/mar.yaml", atomically: true, encoding: .utf8)
      try safetensors(weights).write(to: URL(fileURLWithPath: "\(folder)/mar.safetensors"))
      let said = overtone(["import", "\(folder)/mar.safetensors", "\(folder)/mar.h5", "\(folder)/mar.yaml"])
      #expect(said == "done")
      let reader = try Reader("\(folder)/mar.h5")
      let ours = try reader.tensor("model/backbone/blank"), theirs = try #require(weights["mask_token"])
      #expect(ours.scalars == theirs.scalars)
      #expect(try reader.tensor("model/conditioner/classes/weight").scalars == weights["class_emb.weight"]?.scalars)
    }
  }

  @Test("missing, mis-shaped and unexpected tensors are listed, and nothing is written unless asked to")
  func partial() throws {
    let file = try Fixture("mar")
    var weights = try file.weights()
    weights["mask_token"] = nil
    weights["head.extra"] = Tensor([1], [1])
    weights["class_emb.weight"] = weights["class_emb.weight"]?.sliced(0..<1, axis: 0)
    let norm = try #require(weights["encoder_norm.weight"])
    let width = norm.shape[0]
    weights["encoder_norm.weight"] = norm.sliced(0..<width - 1, axis: 0)
    try inFolder { folder in
      try experiment(file).write(toFile: "\(folder)/mar.yaml", atomically: true, encoding: .utf8)
      let path = "\(folder)/mar.safetensors", arguments = ["import", path, "\(folder)/mar.h5", "\(folder)/mar.yaml"]
      try safetensors(weights).write(to: URL(fileURLWithPath: path))
      #expect(
        overtone(arguments)
          == "\(path): 1 tensors are missing and 1 mis-shaped ('encoder_norm.weight' has shape [\(width - 1)], but "
          + "backbone.encoderNorm.weight needs [\(width)]), so nothing was written; change the experiment's sizes, "
          + "or add --partial."
      )
      #expect(!FileManager.default.fileExists(atPath: "\(folder)/mar.h5"))
      #expect(overtone(arguments + ["--partial"]) == "done")
      #expect(FileManager.default.fileExists(atPath: "\(folder)/mar.h5"))
      #expect(
        overtone(arguments + ["--family", "MRA"])
          == "the model of this experiment knows no checkpoints of 'MRA'; it knows FAR, LlamaGen, MAR, VAR.")
    }
  }

  @Test(
    "prefixes that wrappers of modules put before all names, and parts within names, are left out",
    arguments: [("module.", ""), ("module._orig_mod.", ""), ("model.", "_orig_mod."), ("anything.", "")])
  func wrapped(_ prefix: String, _ infix: String) throws {
    let file = try Fixture("mar")
    var weights = try file.weights()
    weights["class_emb.weight"] = weights["class_emb.weight"]?.sliced(0..<1, axis: 0)
    let wrapped = weights.map { (prefix + $0.replacing("blocks.0.", with: "blocks.0.\(infix)"), $1) }
    try inFolder { folder in
      try experiment(file).write(toFile: "\(folder)/mar.yaml", atomically: true, encoding: .utf8)
      try safetensors(Dictionary(uniqueKeysWithValues: wrapped))
        .write(to: URL(fileURLWithPath: "\(folder)/mar.safetensors"))
      #expect(overtone(["import", "\(folder)/mar.safetensors", "\(folder)/mar.h5", "\(folder)/mar.yaml"]) == "done")
      let reader = try Reader("\(folder)/mar.h5")
      #expect(try reader.tensor("model/backbone/blank").scalars == weights["mask_token"]?.scalars)
    }
  }

  @Test("a weight that is not finite is refused by name, and nothing is written", arguments: [Float.nan, -.infinity])
  func notFinite(_ value: Float) throws {
    let file = try Fixture("mar")
    var weights = try file.weights()
    weights["class_emb.weight"] = weights["class_emb.weight"]?.sliced(0..<1, axis: 0)
    let token = try #require(weights["mask_token"])
    weights["mask_token"] = Tensor(token.shape, [value, value] + token.scalars.dropFirst(2))
    try inFolder { folder in
      try experiment(file).write(toFile: "\(folder)/mar.yaml", atomically: true, encoding: .utf8)
      let path = "\(folder)/mar.safetensors"
      try safetensors(weights).write(to: URL(fileURLWithPath: path))
      #expect(
        overtone(["import", path, "\(folder)/mar.h5", "\(folder)/mar.yaml"])
          == "\(path): 'mask_token' holds 2 numbers of \(token.count) that are not finite, so nothing was taken; "
          + "import a checkpoint from before its training diverged.")
      #expect(!FileManager.default.fileExists(atPath: "\(folder)/mar.h5"))
    }
  }

  @Test("training begins from imported weights, and with no steps they are used as they came")
  func begins() throws {
    let file = try Fixture("mar")
    var weights = try file.weights()
    weights["class_emb.weight"] = weights["class_emb.weight"]?.sliced(0..<1, axis: 0)
    try inFolder { folder in
      try experiment(file).write(toFile: "\(folder)/mar.yaml", atomically: true, encoding: .utf8)
      try safetensors(weights).write(to: URL(fileURLWithPath: "\(folder)/mar.safetensors"))
      #expect(overtone(["import", "\(folder)/mar.safetensors", "\(folder)/mar.h5", "\(folder)/mar.yaml"]) == "done")
      let run = overtone([
        "run", "--quiet", "\(folder)/mar.yaml", "results=\(folder)/r", "training.weights=\(folder)/mar.h5",
        "training.steps=0", "tokenizer.training.steps=1", "tokenizer.training.batch=2", "sampling.per-class=1",
        "loss.steps=4", "evaluation.count=0",
      ])
      #expect(run == "done")
      let artefacts = try FileManager.default.contentsOfDirectory(atPath: "\(folder)/r/artefacts")
      let model = try #require(artefacts.first { $0.hasPrefix("model-") })
      let saved = try Reader("\(folder)/r/artefacts/\(model)/checkpoint.h5").tensor("model/backbone/blank")
      #expect(saved.scalars == weights["mask_token"]?.scalars)
    }
  }
}
