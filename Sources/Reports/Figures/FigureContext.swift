import Autoregression
import Images
import Laboratory
import Networks
import Tensors

/// A trained run with the quantities that several figures share, each computed once.
package final class FigureContext {
  let run: Run
  /// At most 64 of the images that metrics compare with [batch, height, width, 3], evenly spaced, classes in turn.
  package let real: Batch
  /// Their latents [batch, height, width, channels].
  package let latents: Tensor
  private var cachedGeneration: Generation?

  /// Images that the model generated, with their labels.
  package struct Generation {
    /// [batch, height, width, 3]
    package let images: Tensor
    /// [batch, height, width, channels]
    package let latents: Tensor
    /// The tokens after the last turn.
    package let canvas: Tokens
    /// The classes.
    package let labels: [Int]
  }

  var assembly: Assembly { run.assembly }
  /// The images that metrics compare with.
  var images: DatasetSplit { run.realImages }
  var direction: any RegressionDirection { run.assembly.direction }
  var quantizer: any Quantizer { run.assembly.model.quantizer }
  /// The slots and the grid of the direction.
  package var layout: Layout { direction.layout }
  /// The variant, or the experiment outside a sweep.
  package var name: String { run.variant.isEmpty ? run.assembly.name : run.variant }

  /// Opens the run in a folder, with its trained weights.
  package init(folder: String) throws {
    var run = try RunFolder(folder).open(journal: Journal(quiet: true))
    try run.load()
    self.run = run
    let data = run.realImages, count = min(64, data.count)
    let rows = stratifiedRows(count, over: data.count), labels = try data.batch(rows).labels
    // Classes in turn, so that any prefix of the batch shows several.
    var seen: [Int: Int] = [:]
    let order = rows.indices.map { index -> (turn: Int, label: Int, row: Int) in
      defer { seen[labels[index], default: 0] += 1 }
      return (seen[labels[index], default: 0], labels[index], rows[index])
    }.sorted { ($0.turn, $0.label) < ($1.turn, $1.label) }
    real = try data.batch(order.map(\.row))
    var random = Random(seed: run.assembly.seed, samples: Array(0..<count))
    let (tokenizer, images) = (run.assembly.tokenizer, real.images)
    latents = withoutGradients { tokenizer.encode(images, &random) }
  }

  /// Generated images: 32, or 8 of more than 64 pixels a side; classes in turn.
  package var generated: Generation {
    if let cachedGeneration { return cachedGeneration }
    let count = min(32, max(8, assembly.images.height > 64 ? 8 : 32)),
      classes = max(1, assembly.dataset.classNames.count)
    let labels = (0..<count).map { $0 % classes }
    var random = Random(seed: assembly.seed, samples: Array(0..<count)), canvas: Tokens?
    let latents = assembly.model.generate(labels, assembly.sampling.guidance, &random) { canvas = $0.canvas }
    let generation = Generation(
      images: decoded(latents), latents: latents, canvas: canvas ?? direction.canvas(of: latents, by: quantizer),
      labels: labels)
    cachedGeneration = generation
    return generation
  }

  /// Latents decoded to images [batch, height, width, 3].
  package func decoded(_ latents: Tensor) -> Tensor { withoutGradients { assembly.tokenizer.decode(latents) } }

  /// The turns of one generation; a direction that orders tokens by confidence gets a random order.
  package func turns(batch: Int = 1, seed: UInt64? = nil) -> [Turn] {
    var random = Random(seed: seed ?? assembly.seed, samples: Array(0..<batch)), past = Past(), turns: [Turn] = []
    while let turn = direction.turn(after: past, batch: batch, &random) {
      turns.append(turn)
      past.last = turn
    }
    return turns
  }

  /// Index of the last turn that predicts each slot of the first sample: [slots].
  package func lastTurns(of turns: [Turn]) -> [Int] {
    let slots = layout.slots.count
    var last = [Int](repeating: 0, count: slots)
    for (number, turn) in turns.enumerated() {
      for slot in turn.predictedSlots(of: slots, batch: 1).indices(in: slots, sample: 0) { last[slot] = number }
    }
    return last
  }

  /// The level that a turn predicts: the highest of its predicted slots.
  package func level(of turn: Turn, sample: Int = 0) -> Int {
    if let levels = turn.levels { return levels[levels.count == 1 ? 0 : sample] }
    let positions = turn.slots.indices(in: layout.slots.count, sample: sample)
    return turn.predicted.indices(in: positions.count, sample: sample).map { layout.slots[positions[$0]].level }.max()
      ?? 0
  }

  /// Levels of a generation in the order of their first turn, without repetition.
  package var levels: [Int] {
    var levels: [Int] = []
    for level in turns().map({ level(of: $0) }) where !levels.contains(level) { levels.append(level) }
    return levels
  }

  /// The rows and columns of the slots of a level.
  package func grid(of level: Int) -> Grid {
    let slots = layout.slots.filter { $0.level == level }
    return slots.isEmpty
      ? layout.grid : Grid(height: Set(slots.map(\.row)).count, width: Set(slots.map(\.column)).count)
  }

  /// One latent as an image in false colours: its first three channels, of which two standard deviations of real
  /// latents span the range of a byte to each side of the mean.
  package func falseColours(_ latents: Tensor, at index: Int) -> ByteImage {
    let channels = latents.shape[3], (height, width) = (latents.shape[1], latents.shape[2])
    let statistics = channelStatistics, values = latents.sliced(index..<index + 1, axis: 0).scalars
    var image = ByteImage(height: height, width: width, colour: [0, 0, 0])
    for cell in 0..<height * width {
      for c in 0..<3 {
        let channel = min(c, channels - 1), z = (values[cell * channels + channel] - statistics[channel].mean)
        image.pixels[3 * cell + c] = UInt8(max(0, min(255, 127.5 + 63.75 * z / statistics[channel].deviation)))
      }
    }
    return image
  }

  /// Mean and standard deviation of each channel over the real latents.
  private lazy var channelStatistics: [(mean: Float, deviation: Float)] = {
    let channels = latents.shape[3], values = latents.scalars, n = Float(max(1, values.count / channels))
    return (0..<channels).map { channel in
      let column = stride(from: channel, to: values.count, by: channels).map { values[$0] }
      let mean = column.reduce(0, +) / n
      return (mean, max(1e-6, (column.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / n).squareRoot()))
    }
  }()

  /// The first `count` samples of a batch, or all of fewer.
  package static func first(_ tensor: Tensor, _ count: Int) -> Tensor {
    tensor.sliced(0..<min(count, tensor.shape[0]), axis: 0)
  }

  /// At most `count` of the indices 0..<total, evenly spaced, with the first and the last.
  package static func subsampled(_ total: Int, to count: Int) -> [Int] {
    guard total > count else { return Array(0..<total) }
    var chosen: [Int] = []
    for index in 0..<count {
      let number = index * (total - 1) / (count - 1)
      if chosen.last != number { chosen.append(number) }
    }
    return chosen
  }
}
