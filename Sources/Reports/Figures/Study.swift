import Autoregression
import Images
import Laboratory
import Networks
import Tensors

/// A trained run, opened to be looked at, with what several figures need of it made once.
package final class Study {
  let run: Run
  /// Pictures of the data set, spread over all of it.
  let real: Batch
  /// Their latents, as the tokenizer gives them.
  let latents: Tensor
  private var painted: (images: Tensor, latents: Tensor, canvas: Tokens, labels: [Int])?

  var assembly: Assembly { run.assembly }
  var direction: any RegressionDirection { run.assembly.direction }
  var quantizer: any Quantizer { run.assembly.model.quantizer }
  var layout: Layout { direction.layout }
  var name: String { run.variant.isEmpty ? run.assembly.name : run.variant }

  /// Opens the run in a folder, with its trained weights.
  init(folder: String) throws {
    var run = try RunFolder(folder).open(journal: Journal(quiet: true))
    try run.load()
    self.run = run
    let dataset = run.assembly.dataset, count = min(64, dataset.count)
    let rows = stratifiedRows(count, over: dataset.count),
      labels = try dataset.batch(rows, flipped: rows.map { _ in false }).labels
    // Classes take turns, so that the first few pictures are of several.
    var seen: [Int: Int] = [:]
    let order = rows.indices.map { index -> (turn: Int, label: Int, row: Int) in
      defer { seen[labels[index], default: 0] += 1 }
      return (seen[labels[index], default: 0], labels[index], rows[index])
    }.sorted { ($0.turn, $0.label) < ($1.turn, $1.label) }
    real = try dataset.batch(order.map(\.row), flipped: rows.map { _ in false })
    var random = Random(seed: run.assembly.seed, samples: Array(0..<count))
    let (tokenizer, images) = (run.assembly.tokenizer, real.images)
    latents = withoutGradients { tokenizer.encode(images, &random) }
  }

  /// Pictures that the model makes: at most 32, classes in turn.
  var made: (images: Tensor, latents: Tensor, canvas: Tokens, labels: [Int]) {
    if let painted { return painted }
    let count = min(32, max(8, assembly.images.height > 64 ? 8 : 32)),
      classes = max(1, assembly.dataset.classNames.count)
    let labels = (0..<count).map { $0 % classes }
    var random = Random(seed: assembly.seed, samples: Array(0..<count)), canvas: Tokens?
    let latents = assembly.model.generate(labels, assembly.sampling.guidance, &random) { canvas = $0.canvas }
    let made = (
      decoded(latents), latents, canvas ?? direction.canvas(of: latents, by: quantizer), labels
    )
    painted = made
    return made
  }

  func decoded(_ latents: Tensor) -> Tensor { withoutGradients { assembly.tokenizer.decode(latents) } }

  /// The turns of a generation; confidence, where a direction follows it, is left to chance.
  func turns(batch: Int = 1, seed: UInt64? = nil) -> [Turn] {
    var random = Random(seed: seed ?? assembly.seed, samples: Array(0..<batch)), past = Past(), turns: [Turn] = []
    while let turn = direction.turn(after: past, batch: batch, &random) {
      turns.append(turn)
      past.last = turn
    }
    return turns
  }

  /// The level that a turn completes: that of what it asks.
  func level(of turn: Turn, sample: Int = 0) -> Int {
    if let levels = turn.levels { return levels[levels.count == 1 ? 0 : sample] }
    let places = turn.places.indices(in: layout.slots.count, sample: sample)
    return turn.asked.indices(in: places.count, sample: sample).map { layout.slots[places[$0]].level }.max() ?? 0
  }

  /// Levels that a generation goes through, in its order, each once.
  var levels: [Int] {
    var levels: [Int] = []
    for level in turns().map({ level(of: $0) }) where !levels.contains(level) { levels.append(level) }
    return levels
  }

  /// The slots of a level as a grid: how many rows and columns.
  func side(of level: Int) -> Grid {
    let slots = layout.slots.filter { $0.level == level }
    return slots.isEmpty
      ? layout.grid : Grid(height: Set(slots.map(\.row)).count, width: Set(slots.map(\.column)).count)
  }

  /// Latents as pictures in false colours: the first three channels, two standard deviations of real ones to each side.
  func coloured(_ latents: Tensor, at index: Int) -> Picture {
    let channels = latents.shape[3], (height, width) = (latents.shape[1], latents.shape[2])
    let statistics = colours, values = latents.sliced(index..<index + 1, axis: 0).scalars
    var picture = Picture(height: height, width: width, colour: [0, 0, 0])
    for cell in 0..<height * width {
      for c in 0..<3 {
        let channel = min(c, channels - 1), z = (values[cell * channels + channel] - statistics[channel].mean)
        picture.pixels[3 * cell + c] = UInt8(max(0, min(255, 127.5 + 63.75 * z / statistics[channel].deviation)))
      }
    }
    return picture
  }

  private lazy var colours: [(mean: Float, deviation: Float)] = {
    let channels = latents.shape[3], values = latents.scalars, n = Float(max(1, values.count / channels))
    return (0..<channels).map { channel in
      let own = stride(from: channel, to: values.count, by: channels).map { values[$0] }
      let mean = own.reduce(0, +) / n
      return (mean, max(1e-6, (own.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / n).squareRoot()))
    }
  }()

  /// Some of a batch, by number.
  static func some(_ tensor: Tensor, _ count: Int) -> Tensor { tensor.sliced(0..<min(count, tensor.shape[0]), axis: 0) }

  /// At most `count` of some numbers, evenly, the last one always.
  static func thinned(_ all: Int, to count: Int) -> [Int] {
    guard all > count else { return Array(0..<all) }
    var chosen: [Int] = []
    for index in 0..<count {
      let number = index * (all - 1) / (count - 1)
      if chosen.last != number { chosen.append(number) }
    }
    return chosen
  }
}
