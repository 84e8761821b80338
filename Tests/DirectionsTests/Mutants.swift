import Autoregression
import Settings
import Tensors

/// Row by row, one token at a time: the smallest direction with a shift and with groups.
struct Rows: RegressionDirection {
  static let key = "rows"
  static let about = About("Row by row.")
  let layout: Layout

  init(_ settings: inout Settings, over grid: Grid) { self.init(grid) }
  init(_ grid: Grid = Grid(height: 4, width: 4)) {
    layout = Layout(grid: grid, slots: Slot.cells(of: grid), groups: Array(0..<grid.count), shift: 1)
  }

  func trainingTurn(batch: Int, progress: Float, _ random: inout Random) -> Turn {
    Turn(shown: .range(1..<layout.grid.count))
  }

  func turn(after past: Past, batch: Int, _ random: inout Random) -> Turn? {
    let step = past.last.map { $0.moment.step + 1 } ?? 0, count = layout.grid.count
    guard step < count else { return nil }
    return Turn(
      Moment(step: step, steps: count, progress: Float(step) / Float(count)), slots: .range(0..<step + 1),
      shown: .range(1..<step + 1), predicted: .range(step..<step + 1), settled: step)
  }
}

/// Everything at once: the smallest sound direction.
struct Once: RegressionDirection {
  static let key = "once"
  static let about = About("Everything at once.")
  let layout: Layout

  init(_ settings: inout Settings, over grid: Grid) { self.init() }
  init() {
    let grid = Grid(height: 2, width: 2)
    layout = Layout(grid: grid, slots: Slot.cells(of: grid), groups: Array(repeating: 0, count: 4))
  }

  func trainingTurn(batch: Int, progress: Float, _ random: inout Random) -> Turn { Turn(shown: .range(0..<0)) }
  func turn(after past: Past, batch: Int, _ random: inout Random) -> Turn? {
    past.last == nil ? Turn(shown: .range(0..<0)) : nil
  }
}

/// A direction with one thing wrong.
struct Mutant: RegressionDirection {
  static let key = "mutant"
  static let about = About("One thing wrong.")
  var base: any RegressionDirection = Rows()
  var relaid: @Sendable (inout Layout) -> Void = { _ in }
  var trained: @Sendable (inout Turn) -> Void = { _ in }
  /// nil ends the generation.
  var generated: @Sendable (Turn) -> Turn? = { $0 }
  var pinned: @Sendable (Past, Turn?) -> Turn? = { $1 }
  var laidOut: @Sendable (Tensor) -> Tensor = { $0 }
  var composed: @Sendable (Tensor) -> Tensor = { $0 }
  /// Inputs in place of the right ones, from these, the turn and the canvas.
  var fed: @Sendable (Tensor, Turn, Tokens) -> Tensor = { inputs, _, _ in inputs }

  init(_ settings: inout Settings, over grid: Grid) {}
  init(of base: any RegressionDirection = Rows(), _ change: (inout Mutant) -> Void) {
    self.base = base
    change(&self)
  }

  var layout: Layout {
    var layout = base.layout
    relaid(&layout)
    return layout
  }
  func trainingTurn(batch: Int, progress: Float, _ random: inout Random) -> Turn {
    var turn = base.trainingTurn(batch: batch, progress: progress, &random)
    trained(&turn)
    return turn
  }
  func turn(after past: Past, batch: Int, _ random: inout Random) -> Turn? {
    pinned(past, base.turn(after: past, batch: batch, &random).flatMap(generated))
  }
  func canvas(of latent: Tensor, by quantizer: any Quantizer) -> Tokens {
    base.canvas(of: laidOut(latent), by: quantizer)
  }
  func latent(of canvas: Tokens, through level: Int, by quantizer: any Quantizer) -> Tensor {
    composed(base.latent(of: canvas, through: level, by: quantizer))
  }
  func inputs(of canvas: Tokens, at turn: Turn, by quantizer: any Quantizer) -> Tokens {
    Tokens(values: fed(base.inputs(of: canvas, at: turn, by: quantizer).values, turn, canvas))
  }
}

/// Returns an image [batch, height, width, channels] upside down.
@Sendable func flipped(_ image: Tensor) -> Tensor {
  let height = image.shape[1]
  return Tensor.concatenated((0..<height).map { image.sliced(height - 1 - $0..<height - $0, axis: 1) }, axis: 1)
}

/// Returns a turn with a change.
func with(_ turn: Turn, _ change: (inout Turn) -> Void) -> Turn {
  var turn = turn
  change(&turn)
  return turn
}
