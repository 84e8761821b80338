import Autoregression
import Settings
import Tensors

/// First the top left token of each region of the image, one after another; then in every region at once the next one,
/// row by row (PAR; Wang et al. 2024, arXiv 2412.15119). Tokens that are predicted together are far from each other, so
/// that they depend on each other little.
///
/// The input of one of the first tokens is the one before it; the input of every other one is the token before it in
/// its own region. Positions attend to their own turn and to all before.
///
/// Differs from the released code: there the first turn in parallel gets learned inputs instead of the first tokens of
/// its regions, and the position of an input is its own instead of that of the token it predicts.
struct ParallelRaster: RegressionDirection {
  static let key = "parallel-raster"
  static let about = About(
    "The regions of an image in parallel, each row by row: several tokens a turn, with a cache.",
    source: "Wang et al. 2024 (PAR), arXiv 2412.15119", example: "regions: 2")

  let layout: Layout
  /// Regions of the image, all of one size.
  let regions: Int
  /// The cells in the order of the sequence.
  let order: [Int]

  init(_ settings: inout Settings, over grid: Grid) throws(SettingsError) {
    let side: Int = try settings[
      "regions", default: 2, in: 1...1024,
      about: "regions along each side of the grid, as whose square many tokens are predicted a turn (PAR: 2 and 4)"]
    guard grid.height % side == 0, grid.width % side == 0 else {
      throw settings.refusal(
        "a grid of \(grid) has no \(side) equal regions along each side; 'regions' must divide both.", at: "regions")
    }
    let regions = side * side, (height, width) = (grid.height / side, grid.width / side)
    order = (0..<height * width).flatMap { inner in
      (0..<regions).map { region in
        let row = region / side * height + inner / width, column = region % side * width + inner % width
        return row * grid.width + column
      }
    }
    self.regions = regions
    layout = Layout(
      grid: grid, slots: Slot.cells(of: grid),
      groups: (0..<grid.count).map { $0 < regions ? $0 : regions + $0 / regions - 1 })
  }

  func trainingTurn(batch: Int, progress: Float, _ random: inout Random) -> Turn {
    Turn(slots: .perSample(Array(repeating: order, count: batch)), shown: .range(1..<layout.grid.count))
  }

  func turn(after past: Past, batch: Int, _ random: inout Random) -> Turn? {
    let step = past.last.map { $0.moment.step + 1 } ?? 0, steps = regions + layout.grid.count / regions - 1
    guard step < steps else { return nil }
    let isAlone = step < regions, start = isAlone ? step : (step - regions + 1) * regions
    let end = start + (isAlone ? 1 : regions)
    return Turn(
      Moment(step: step, steps: steps, progress: Float(start) / Float(layout.grid.count)),
      slots: .perSample(Array(repeating: Array(order[..<end]), count: batch)), shown: .range(1..<end),
      predicted: .range(start..<end), settled: start)
  }

  /// The token one position earlier for the first of each region, and one region's token earlier for all others.
  func inputs(of canvas: Tokens, at turn: Turn, by quantizer: any Quantizer) -> Tokens {
    canvas[
      .perSample(
        turn.slots.indices(in: layout.slots.count, batch: canvas.batch).map { slots in
          slots.indices.map { slots[$0 < regions ? max(0, $0 - 1) : $0 - regions] }
        })]
  }
}

@section("overtone_parts") @used private let registration: Registration = { $0.registry.add(ParallelRaster.self) }
