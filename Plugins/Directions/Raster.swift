import Autoregression
import Settings
import Tensors

/// One token at a time, given all tokens before it, in a fixed or random order: next-token prediction
/// (VQGAN, Esser et al. 2020, arXiv 2012.09841; LlamaGen, Sun et al. 2024, arXiv 2406.06525).
///
/// `order: random` is a causal model of all orders (Li et al. 2024, arXiv 2406.11838, Table 1). With `anneal`, training
/// begins with such orders and ends with one (RAR; Yu et al. 2024, arXiv 2411.00776): `{ from: 0.5, to: 0.75 }` there.
/// Backbones learn from `View.slots`, beside `View.fed`, which token comes next.
struct Raster: RegressionDirection {
  static let key = "raster"
  static let about = About(
    "One token at a time, given all tokens before it; row by row or in another order.",
    source: "Esser et al. 2020 (VQGAN), arXiv 2012.09841; Yu et al. 2024 (RAR), arXiv 2411.00776",
    example: "order: raster")

  let layout: Layout
  let order: CellOrder
  /// The fractions of training between which the fraction of random orders falls from 1 to 0.
  let annealed: (from: Float, to: Float)

  init(_ settings: inout Settings, over grid: Grid) throws(SettingsError) {
    layout = Layout(grid: grid, slots: Slot.cells(of: grid), groups: Array(0..<grid.count), shift: 1)
    order = try CellOrder(&settings, over: grid, default: .raster)
    var section = try settings.section(
      "anneal", about: "randomness annealing: training begins with random orders and ends with 'order' (RAR)")
    let from: Float = try section[
      "from", default: 0, in: 0...1, about: "fraction of training until which all orders are random"]
    let to: Float = try section["to", default: from, in: 0...1, about: "fraction of training from which none is"]
    annealed = (from, to)
    guard from <= to else {
      throw section.refusal("random orders end after they begin to: 'to' must be at least \(from.yaml).", at: "to")
    }
    if case .drawn = order, to > 0 {
      throw settings.refusal(
        "'anneal' ends with a given order, and 'order' is 'random'; leave out one of them.", at: "anneal")
    }
  }

  func trainingTurn(batch: Int, progress: Float, _ random: inout Random) -> Turn {
    let count = layout.grid.count
    var orders = order.orders(of: count, batch: batch, random)
    let fraction = randomFraction(at: progress)
    if fraction > 0 {
      let draws = random.uniform([batch], "anneal").scalars, drawn = random.orders(of: count, "order")
      for sample in 0..<batch where draws[sample] < fraction { orders[sample] = drawn[sample] }
    }
    return Turn(slots: .perSample(orders), shown: .range(1..<count))
  }

  /// The fraction of training samples with a random order.
  func randomFraction(at progress: Float) -> Float {
    let (from, to) = annealed
    if progress < from { return 1 }
    return progress < to ? (to - progress) / (to - from) : 0
  }

  /// Predicts the next cell that is not given. In random order the given cells come first, so that all others attend to
  /// them.
  func turn(after past: Past, batch: Int, _ random: inout Random) -> Turn? {
    let step = past.last.map { $0.moment.step + 1 } ?? 0, given = Set(past.pinned), count = layout.grid.count
    guard step < count - given.count else { return nil }
    var orders = order.orders(of: count, batch: batch, random)
    if case .drawn = order {
      orders = orders.map { $0.filter(given.contains) + $0.filter { !given.contains($0) } }
    }
    // The position is the same in every sample: either the order is, or all given cells come first.
    let position = orders[0].indices.filter { !given.contains(orders[0][$0]) }[step]
    return Turn(
      Moment(step: step, steps: count - given.count, progress: Float(position) / Float(count)),
      slots: .perSample(orders.map { Array($0[...position]) }), shown: .range(1..<position + 1),
      predicted: .range(position..<position + 1),
      settled: past.last?.slots.count(in: count) ?? 0)
  }
}

@section("overtone_parts") @used private let registration: Registration = { $0.registry.add(Raster.self) }
