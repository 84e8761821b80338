import Autoregression
import Images
import Networks
import Spectra
import Storage
import Tensors

extension Run {
  /// Images of given classes, as many as labels; image i is the same whatever the batch.
  package func paint(
    _ labels: [Int], from first: Int, seed: UInt64, around pins: Pins? = nil,
    _ watch: (GenerationStep) throws -> Void = { _ in }
  ) throws -> Tensor {
    var random = Random(seed: seed, samples: Array(first..<first + labels.count))
    let latent = try assembly.model.generate(labels, assembly.sampling.guidance, around: pins, &random, watch: watch)
    return withoutGradients { assembly.tokenizer.decode(latent) }
  }

  /// Images made a batch at a time, and the seconds that took; around what a inpainting knows, if there is one.
  package func images(_ labels: [Int], seed: UInt64, of inpainting: Inpainting? = nil) throws -> (
    [ByteImage], seconds: Double
  ) {
    var images: [ByteImage] = [], seconds = 0.0
    for start in stride(from: 0, to: labels.count, by: assembly.sampling.batch) {
      let part = Array(labels[start..<min(labels.count, start + assembly.sampling.batch)]),
        before = MonotonicClock.seconds
      let pins = inpainting?.pins(in: assembly, batch: part.count)
      let batch = try paint(part, from: start, seed: seed, around: pins)
      seconds += MonotonicClock.seconds - before
      images += part.indices.map { ByteImage(batch, at: $0) }
      journal.progress(
        Progress(
          stage: "sampling", done: images.count, total: labels.count,
          details: ["\(assembly.direction.layout.grid) tokens"], rate: Double(images.count) / seconds,
          secondsPerStep: seconds / Double(images.count)))
      if Interruption.isRequested {
        throw Stopped(description: "stopped while sampling; the same command goes on from there.")
      }
    }
    return (images, seconds)
  }

  /// Every class, as the section `sampling` says, into the run's folder.
  func sample() throws {
    let names = assembly.dataset.classNames, perClass = assembly.sampling.perClass
    let labels = names.indices.flatMap { Array(repeating: $0, count: perClass) }
    let (images, seconds) = try images(labels, seed: assembly.seed)
    let sheet = ContactSheet(
      images, columns: perClass, rowLabels: names, title: "\(assembly.name), seed \(assembly.seed)")
    try sheet.image.writePNG(to: "\(folder)/samples/grid.png")
    try write(images, labels, seed: assembly.seed, to: "\(folder)/samples.h5")
    try MetricsLog("\(folder)/metrics.h5").append(
      "eval", step: 0, [("sampling-images-per-second", Double(labels.count) / seconds)])
    try drawSpectrum(images)
    try drawTurns(names)
  }

  /// `notes` says of each image what made it other than the rest.
  package func write(_ images: [ByteImage], _ labels: [Int], seed: UInt64, notes: [String] = [], to path: String) throws
  {
    try SampleFile.write(
      to: path, pixels: images.flatMap(\.pixels),
      shape: [images.count, assembly.images.height, assembly.images.width, 3], labels: labels,
      classNames: assembly.dataset.classNames, seed: Int(seed), notes: notes)
  }

  /// How much power made and real images have at each frequency.
  private func drawSpectrum(_ images: [ByteImage]) throws {
    let dataset = assembly.dataset, count = min(dataset.count, max(64, images.count))
    guard !images.isEmpty, count > 0 else { return }
    let rows = stratifiedRows(count, over: dataset.count)
    let real = try stride(from: 0, to: count, by: 64).flatMap { start in
      let part = Array(rows[start..<min(count, start + 64)])
      return radialPowerSpectrum(of: try dataset.batch(part, flipped: part.map { _ in false }).images)
    }
    let made = images.flatMap { radialPowerSpectrum(of: $0.tensor) }
    // Frequency 0 is the mean colour, which a logarithmic axis has no place for.
    func series(_ name: String, _ spectra: [[[Double]]]) -> Plot.Series {
      let all = spectra.flatMap { $0 }, bins = all.first?.count ?? 0
      return Plot.Series(
        name, (1..<max(1, bins)).map { bin in (Double(bin), all.reduce(0) { $0 + $1[bin] } / Double(all.count)) })
    }
    let plot = Plot(
      "\(assembly.name): spectrum", x: "cycles per image", y: "mean power",
      [series("real, \(count) images", real), series("generated, \(images.count) images", made)], xScale: .log,
      yScale: .log)
    try plot.image().writePNG(to: "\(folder)/samples/spectrum.png")
    try writeWhole(Array(plot.svg().utf8), to: "\(folder)/samples/spectrum.svg")
  }

  /// One row per class: the image after each turn.
  private func drawTurns(_ names: [String]) throws {
    var strips: [[ByteImage]] = Array(repeating: [], count: min(8, names.count)), labels: [String] = []
    let limit = 12
    _ = try paint(Array(strips.indices), from: 0, seed: assembly.seed) { step in
      guard labels.count < limit || step.view.turn.moment.step == step.view.turn.moment.steps - 1 else { return }
      labels.append("turn \(step.view.turn.moment.step + 1)")
      let latent = assembly.direction.latent(
        of: step.canvas, through: Self.level(of: step.view), by: assembly.model.quantizer)
      let images = withoutGradients { assembly.tokenizer.decode(latent) }
      for row in strips.indices { strips[row].append(ByteImage(images, at: row)) }
    }
    let sheet = ContactSheet(
      strips.flatMap { $0 }, columns: labels.count, rowLabels: Array(names.prefix(strips.count)), columnLabels: labels,
      title: "\(assembly.name): turn by turn")
    try sheet.image.writePNG(to: "\(folder)/samples/turns.png")
  }

  /// The level that a turn completes: that of what it asks.
  private static func level(of view: View) -> Int { view.turn.levels == nil ? view.predictedLevels[0].last ?? 0 : 0 }

  /// Images as the tokens of the direction give them back: what is lost by a vocabulary is lost here, too.
  package func reconstructed(_ images: Tensor, _ random: inout Random) -> Tensor {
    withoutGradients {
      let (tokenizer, direction) = (assembly.tokenizer, assembly.direction), quantizer = tokenizer.quantizer
      let canvas = direction.canvas(of: tokenizer.encode(images, &random), by: quantizer)
      return tokenizer.decode(direction.latent(of: canvas, by: quantizer))
    }
  }

  func drawReconstructions(_ dataset: any ImageDataset) throws {
    let count = min(8, dataset.count)
    var random = Random(seed: assembly.seed, samples: Array(0..<count))
    let batch = try dataset.batch(
      stratifiedRows(count, over: dataset.count), flipped: Array(repeating: false, count: count))
    let again = reconstructed(batch.images, &random)
    let sheet = ContactSheet(
      (0..<count).map { ByteImage(batch.images, at: $0) } + (0..<count).map { ByteImage(again, at: $0) },
      columns: count,
      rowLabels: ["image", "tokenizer"], title: "\(assembly.name): what the tokenizer keeps")
    try sheet.image.writePNG(to: "\(folder)/samples/reconstructions.png")
  }

  func drawCurves(_ tokenizer: Artefact, _ model: Artefact) throws {
    for (name, artefact) in [("tokenizer", tokenizer), ("model", model)] {
      let points = try artefact.metrics.series("train", "loss").map { (x: $0.step, y: $0.value) }
      guard !points.isEmpty else { continue }
      let plot = Plot("\(assembly.name): \(name)", x: "step", y: "loss", [Plot.Series("loss", points)], yScale: .log)
      try plot.image().writePNG(to: "\(folder)/samples/loss-\(name).png")
      try writeWhole(Array(plot.svg().utf8), to: "\(folder)/samples/loss-\(name).svg")
    }
  }
}
