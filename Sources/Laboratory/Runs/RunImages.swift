import Autoregression
import Images
import Networks
import Spectra
import Tensors

/// The images and plots in the folder `samples` of a run.
struct RunImages {
  /// The experiment with its networks as they are now.
  let assembly: Assembly
  /// `<run>/samples`.
  let folder: String
  let sampler: Sampler

  /// Draws `grid.png`: a row of samples for each class.
  func drawGrid(_ images: [ByteImage]) throws {
    let sheet = ContactSheet(
      images, columns: assembly.sampling.perClass, rowLabels: assembly.dataset.classNames,
      title: "\(assembly.name), seed \(assembly.seed)")
    try sheet.image.writePNG(to: "\(folder)/grid.png")
  }

  /// Draws `spectrum`: the mean power of generated and real images at each radial frequency.
  func drawSpectrum(_ generated: [ByteImage]) throws {
    let images = assembly.dataset.images(of: assembly.evaluation.split),
      count = min(images.count, max(64, generated.count))
    guard !generated.isEmpty, count > 0 else { return }
    let rows = stratifiedRows(count, over: images.count)
    let realSpectra = try stride(from: 0, to: count, by: 64).flatMap { start in
      let part = Array(rows[start..<min(count, start + 64)])
      return radialPowerSpectrum(of: try images.batch(part).images)
    }
    let generatedSpectra = generated.flatMap { radialPowerSpectrum(of: $0.tensor) }
    // Frequency 0 is the mean colour, which a logarithmic axis cannot show.
    func series(_ name: String, _ spectra: [[[Double]]]) -> Plot.Series {
      let all = spectra.flatMap { $0 }, bins = all.first?.count ?? 0
      return Plot.Series(
        name, (1..<max(1, bins)).map { bin in (Double(bin), all.reduce(0) { $0 + $1[bin] } / Double(all.count)) })
    }
    try write(
      Plot(
        "\(assembly.name): spectrum", x: "cycles per image", y: "mean power",
        [
          series("real, \(count) images", realSpectra),
          series("generated, \(generated.count) images", generatedSpectra),
        ], xScale: .log, yScale: .log), "spectrum")
  }

  /// Draws `turns.png`: a row per class, the image after each of at most twelve turns, and after the last.
  func drawTurns() throws {
    let names = assembly.dataset.classNames, limit = 12
    var strips: [[ByteImage]] = Array(repeating: [], count: min(8, names.count)), labels: [String] = []
    _ = try sampler.images(of: Array(strips.indices), from: 0, seed: assembly.seed) { step in
      let moment = step.view.turn.moment
      guard labels.count < limit || moment.step == moment.steps - 1 else { return }
      labels.append("turn \(moment.step + 1)")
      let latent = assembly.direction.latent(
        of: step.canvas, through: Self.level(of: step.view), by: assembly.model.quantizer)
      let images = withoutGradients { assembly.tokenizer.decode(latent) }
      for row in strips.indices { strips[row].append(ByteImage(images, at: row)) }
    }
    let sheet = ContactSheet(
      strips.flatMap { $0 }, columns: labels.count, rowLabels: Array(names.prefix(strips.count)), columnLabels: labels,
      title: "\(assembly.name): turn by turn")
    try sheet.image.writePNG(to: "\(folder)/turns.png")
  }

  /// Returns the level that a turn completes: that of its targets.
  private static func level(of view: View) -> Int { view.turn.levels == nil ? view.predictedLevels[0].last ?? 0 : 0 }

  /// Draws `reconstructions.png`: eight images that metrics compare with, above their reconstructions.
  func drawReconstructions() throws {
    let split = assembly.dataset.images(of: assembly.evaluation.split), count = min(8, split.count)
    var random = Random(seed: assembly.seed, samples: Array(0..<count))
    let images = try split.batch(stratifiedRows(count, over: split.count)).images
    let reconstructions = try sampler.reconstructions(of: images, &random)
    let sheet = ContactSheet(
      (0..<count).map { ByteImage(images, at: $0) } + (0..<count).map { ByteImage(reconstructions, at: $0) },
      columns: count, rowLabels: ["image", "reconstruction"], title: "\(assembly.name): reconstructions")
    try sheet.image.writePNG(to: "\(folder)/reconstructions.png")
  }

  /// Draws `loss-tokenizer` and `loss-model`: the loss at each logged step, and that on held-out images.
  func drawLosses(_ artefacts: Artefacts) throws {
    for (name, artefact) in [("tokenizer", artefacts.tokenizer), ("model", artefacts.model)] {
      let log = artefact.metrics
      // A tokenizer's loss has terms that only its training has: its reconstructions are compared.
      let compared = name == "tokenizer" ? "reconstruction" : "loss"
      let series = try [("train", "loss"), ("train", compared), ("validation", compared)].enumerated().compactMap {
        index, key -> Plot.Series? in
        guard index != 1 || compared != "loss" else { return nil }
        let points = try log.series(key.0, key.1).map { (x: $0.step, y: $0.value) }
        return points.isEmpty ? nil : Plot.Series("\(key.1), \(key.0)", points)
      }
      guard !series.isEmpty else { continue }
      try write(Plot("\(assembly.name): \(name)", x: "step", y: "loss", series, yScale: .log), "loss-\(name)")
    }
  }

  /// Writes a plot as PNG and as SVG.
  private func write(_ plot: Plot, _ name: String) throws {
    try plot.image().writePNG(to: "\(folder)/\(name).png")
    try Folder.write(plot.svg(), to: "\(folder)/\(name).svg")
  }
}
