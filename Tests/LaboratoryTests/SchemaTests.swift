import Foundation
import ProgramSupport
import Testing

private let experiments = "\(projectFolder)/Experiments"
/// The schema of the program itself: tests link further components.
private let generated = Result { try program(["components", "--schema"]).output }

@Suite struct SchemaTests {
  private let validator: SchemaValidator

  init() throws { validator = try SchemaValidator(try generated.get()) }

  @Test("the schema in Experiments is the one that the program writes")
  func current() throws {
    let file = try String(contentsOfFile: "\(experiments)/experiment.schema.json", encoding: .utf8)
    let isSame = try file == generated.get()
    #expect(
      isSame,
      "refresh it: .build/release/overtone components --schema > Experiments/experiment.schema.json")
  }

  @Test("every experiment file is valid by the schema, which knows all of its keys, and names it")
  func files() throws {
    let files = try FileManager.default.subpathsOfDirectory(atPath: experiments).filter {
      // Tables of released settings are no experiments.
      $0.hasSuffix(".yaml") && !$0.hasPrefix("released/")
    }
    #expect(files.count > 10)
    for file in files {
      let text = try String(contentsOfFile: "\(experiments)/\(file)", encoding: .utf8)
      #expect(try validator.complaints(about: text, file: file) == [], "\(file)")
      // Those of the papers are held to it with the rest of their heads.
      guard !file.hasPrefix("papers/") else { continue }
      let up = String(repeating: "../", count: file.split(separator: "/").count - 1)
      let first = "# yaml-language-server: $schema=\(up)experiment.schema.json"
      #expect(text.split(separator: "\n").first.map(String.init) == first, "\(file)")
    }
  }

  @Test("settings that are read only for certain values of others are in the schema")
  func conditional() throws {
    for text in [
      "tokenizer: { use: vq, quantizer: fsq, levels: [8, 5] }", "tokenizer: { use: vq, quantizer: lfq, bits: 8 }",
      "backbone: { use: decoder, gate-init-scale: 0.001, rotary-base: 100, mlp-multiple-of: 64, "
        + "level-embedding: false }",
      "direction: { use: frequency, filter-order: 3 }", "direction: { use: masked, choice-temperature: 2 }",
      "loss: { use: diffusion, steps: [10, 20] }", "loss: { use: diffusion, steps: { list: [10, 20] } }",
      "sampling: { guidance: { shape: power-cosine, from: 1, to: 4, power: 2, over: step } }",
      "direction: { use: raster, order: [1, 0] }", "direction: { use: raster, order: spiral-in }",
      "direction: { use: masked, steps: all }", "tokenizer: { use: pixels, training: { steps: 3 } }",
      "sweep: { grid: { sampling.guidance.to: [1, 2], tokenizer.adversarial.weight: [0, 1] } }",
      "sweep: { variants: { a: { loss.use: l2 }, b: } }", "training: { steps: '${tokenizer.training.steps}' }",
      "bench: { measures: tokenizer }", "scales: { smoke: { seeds: [1], training: { steps: 3 } } }",
    ] { #expect(try validator.complaints(about: text) == [], "\(text)") }
  }

  @Test("what the program would refuse of a file, the schema refuses")
  func refused() throws {
    for text in [
      "direction: { use: raster, filter: dct }", "trianing: { steps: 3 }", "training: { stpes: 3 }",
      "training: { steps: many }", "training: { steps: -1 }",
      "training: { steps: 1.5 }", "loss: { use: difusion }", "loss: { use: l2, components: 3 }", "loss: { shape: 3 }",
      "direction: { use: masked, order: spiral-up }", "direction: { use: raster, order: [a] }", "tokenizer: 3",
      "tokenizer: { use: vq, middle-attention: perhaps }", "metrics: { use: psnr }", "metrics: [{ use: fid }]",
      "sweep: { grid: { training.steps: 3 } }", "sweep: { grid: { training.stpes: [3] } }", "sweep: { gird: {} }",
      "sampling: { guidance: { form: 1 } }", "sampling: { guidance: { shape: round } }", "seeds: 1",
      "scales: { smoke: { loss: { use: nothing } } }", "sweep: { variants: { a: { loss.use: none } } }",
    ] { #expect(try validator.complaints(about: text) != [], "\(text)") }
  }
}
