import Autoregression
import Foundation
import Laboratory
import Networks
import Settings
import Storage
import Tensors
import Testing

@Suite struct CombinationTests {
  private func assembled(_ combination: Combination) throws -> Assembly {
    let settings = try Settings(parsing: combination.experiment, file: "experiment.yaml")
    return try Assembly(settings, name: "combination", registry: Registry.linked())
  }

  @Test(
    "every possible combination learns one batch, samples from it, and leaves a file that opens",
    arguments: Combination.possible)
  func possible(combination: Combination) throws {
    var assembly = try assembled(combination)
    try assembly.dataset.open()
    let batch = try assembly.dataset.train.batch(Array(0..<8))
    var random = Random(seed: 5, samples: Array(0..<8))
    var tokenizer = assembly.tokenizer, model = assembly.model
    withoutGradients { tokenizer.calibrate(on: batch.images, &random) }
    model.quantizer = tokenizer.quantizer
    let latent = withoutGradients { tokenizer.encode(batch.images, &random) }
    let canvas = withoutGradients { model.direction.canvas(of: latent, by: model.quantizer) }
    let slots = model.direction.layout.slots
    model.loss.calibrate(on: canvas, levels: Array(repeating: slots.map(\.level), count: canvas.batch))
    let parameters = model.parameters.map(\.parameter)
    var optimizer = Optimizer(parameters, rule: AdamW(weightDecay: 0), clip: 1), losses: [Float] = []
    for step in 0..<80 {
      var random = Random(seed: 9, step: step, samples: Array(0..<8))
      let loss = model.trainingLoss(latent, batch.labels, progress: Float(step) / 80, &random).mean
      losses.append(loss.scalar)
      #expect(optimizer.step(loss, rate: 3e-3).isFinite)
    }
    let (first, last) = (losses[..<10].reduce(0, +) / 10, losses[70...].reduce(0, +) / 10)
    #expect(last.isFinite && last < first - 0.05 * abs(first), "from \(first) to \(last)")

    random = Random(seed: 7, samples: [0, 1])
    let guidance = Guidance(scale: .constant(1.5))
    let latents = try model.generate([0, 1], guidance, &random)
    let images = withoutGradients { tokenizer.decode(latents) }
    #expect(images.shape == [2, 16, 16, 3] && images.scalars.allSatisfy(\.isFinite))
    let path = NSTemporaryDirectory() + "overtone-combination-\(UUID().uuidString).h5"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let pixels = images.scalars.map { UInt8(min(255, max(0, ($0 + 1) * 127.5))) }
    try SampleFile.write(
      to: path, .init(pixels: pixels, shape: images.shape, labels: [0, 1], classNames: ["a", "b"]), seed: 7)
    #expect(try Reader(path).bytes("images") == pixels)
  }

  @Test(
    "a loss over codes refuses tokens that have none, with its location and with what would work",
    arguments: Combination.impossible)
  func impossible(combination: Combination) {
    do {
      _ = try assembled(combination)
      Issue.record("\(combination) was assembled")
    } catch {
      let sentence = String("\(error)".split(separator: "\n").first ?? "")
      #expect(
        sentence
          == "experiment.yaml:7:9: loss 'cross-entropy' needs a tokenizer with a vocabulary; the one "
          + "chosen has continuous tokens. Use a tokenizer with codes, or a loss over values."
      )
    }
  }
}
