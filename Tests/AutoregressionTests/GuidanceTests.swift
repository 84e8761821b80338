import Autoregression
import Networks
import Settings
import Synchronization
import Tensors
import Testing

/// One token after another, each fed the one before.
private struct NextToken: RegressionDirection {
  static let key = "next-token", about = About("")
  let layout: Layout

  init(_ settings: inout Settings, over grid: Grid) throws(SettingsError) { self.init(grid, isCausal: true) }
  init(_ grid: Grid, isCausal: Bool) {
    layout = Layout(
      grid: grid, slots: Slot.cells(of: grid), groups: (0..<grid.count).map { isCausal ? $0 : 0 }, shift: 1)
  }
  func trainingTurn(batch: Int, progress: Float, _ random: inout Random) -> Turn { Turn() }
  func turn(after past: Past, batch: Int, _ random: inout Random) -> Turn? {
    let step = past.last.map { $0.moment.step + 1 } ?? 0, count = layout.grid.count
    guard step < count else { return nil }
    return Turn(
      Moment(step: step, steps: count, progress: Float(step) / Float(count)), slots: .range(0..<step + 1),
      shown: .range(min(1, step)..<step + 1), predicted: .range(step..<step + 1), settled: step)
  }
}

/// A backbone that notes how many rows it gets, and whose hidden states depend on the condition alone.
private struct Counting: Backbone {
  final class Notes: Sendable {
    let rows = Mutex<[Int]>([])
    let cached = Mutex<[Bool]>([])
  }
  static let key = "counting", about = About("")
  let width = 3
  let notes = Notes()

  static func conditionWidth(_ settings: inout Settings) throws(SettingsError) -> Int { 3 }
  init(_ settings: inout Settings, for shape: BackboneShape, _ random: inout Random) throws(SettingsError) {}
  init() {}
  func callAsFunction(_ view: View, given condition: Condition, cache: AttentionCache?, _ random: inout Random?)
    -> Tensor
  {
    notes.rows.withLock { $0.append(view.batch) }
    notes.cached.withLock { $0.append(cache != nil) }
    let vector = condition.vector ?? Tensor(zeros: [view.batch, width]), asked = view.predicted[0].count
    return vector.reshaped([view.batch, 1, width]) + Tensor(zeros: [view.batch, asked, width])
  }
}

@Suite struct GuidanceTests {
  /// Rows of every call, and whether there was a cache, in a generation of 2 images of 4 tokens.
  private func calls(_ scale: Schedule, cached: Bool, isCausal: Bool = true) throws -> (
    rows: [Int], cached: [Bool], latent: Tensor
  ) {
    let registry = Registry.linked(), backbone = Counting()
    var random = Random(seed: 1), settings = try Settings(parsing: "use: class-vector", file: "test")
    let conditioner = try registry.find("conditioner", &settings, as: (any Conditioner.Type).self)
      .init(&settings, classes: 2, width: 3, &random)
    settings = try Settings(parsing: "use: l2", file: "test")
    let loss = try registry.find("loss", &settings, as: (any TokenLoss.Type).self)
      .init(&settings, of: TokenSpace(width: 2), from: 3, levels: 1, &random)
    let model = Model(
      quantizer: Identity(width: 2), direction: NextToken(Grid(height: 2, width: 2), isCausal: isCausal),
      conditioner: conditioner, backbone: backbone, loss: loss)
    random = Random(seed: 2, samples: [0, 1])
    let latent = try model.generate([0, 1], Guidance(scale: scale), cached: cached, &random)
    return (backbone.notes.rows.withLock { $0 }, backbone.notes.cached.withLock { $0 }, latent)
  }

  @Test("guidance 1 costs no second pass, with a cache or without", arguments: [true, false])
  func alone(_ cached: Bool) throws {
    for scale in [Schedule.constant(1), Schedule(.linear, from: 1, to: 1), Schedule(.list, from: 1, to: 1, list: [1])] {
      let found = try calls(scale, cached: cached)
      #expect(found.rows == [2, 2, 2, 2] && found.cached == Array(repeating: cached, count: 4))
    }
  }

  @Test("guidance costs one call of twice the rows, and where it comes and goes only a cache pays throughout")
  func both() throws {
    #expect(try calls(.constant(2), cached: true).rows == [4, 4, 4, 4])
    let growing = Schedule(.linear, from: 1, to: 3, over: .lastStep)
    #expect(try calls(growing, cached: true).rows == [4, 4, 4, 4])
    #expect(try calls(growing, cached: false).rows == [2, 4, 4, 4])
    // Where every position sees all there is nothing to cache.
    let open = try calls(growing, cached: true, isCausal: false)
    #expect(open.rows == [2, 4, 4, 4] && open.cached == [false, false, false, false])
  }

  @Test("what is drawn does not depend on whether a cache is kept, at any guidance")
  func equal() throws {
    for scale in [Schedule.constant(1), .constant(2.5), Schedule(.linear, from: 1, to: 3, over: .lastStep)] {
      #expect(try calls(scale, cached: true).latent.distance(to: calls(scale, cached: false).latent) < 1e-6)
    }
    #expect(try calls(.constant(1), cached: true).latent.distance(to: calls(.constant(3), cached: true).latent) > 1e-3)
  }
}
