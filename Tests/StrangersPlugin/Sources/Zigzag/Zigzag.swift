import Autoregression
import Settings
import Tensors

/// Two rows of tokens at a time, all of them at once, each pair of rows from those before it.
public struct Zigzag: RegressionDirection {
  public static let key = "zigzag"
  public static let about = About("Bands of rows, one after another.", example: "rows: 2")
  public let layout: Layout
  private let rows: Int

  public init(_ settings: inout Settings, over grid: Grid) throws(SettingsError) {
    rows = try settings["rows", default: 2, in: 1...1024, about: "rows of one band"]
    guard grid.height % rows == 0 else {
      throw settings.refusal("\(grid.height) rows do not divide into bands of \(rows); use another 'rows'.", at: "rows")
    }
    layout = Layout(grid: grid, slots: Slot.cells(of: grid), groups: Array(repeating: 0, count: grid.count))
  }

  public func trainingTurn(batch: Int, progress: Float, _ random: inout Random) -> Turn {
    band(min(bands - 1, Int(random.shared("band") * Float(bands))))
  }

  public func turn(after past: Past, batch: Int, _ random: inout Random) -> Turn? {
    let next = past.last.map { $0.moment.step + 1 } ?? 0
    return next < bands ? band(next) : nil
  }

  private var bands: Int { layout.grid.height / rows }

  private func band(_ number: Int) -> Turn {
    let size = rows * layout.grid.width
    return Turn(
      Moment(step: number, steps: bands, progress: Float(number) / Float(bands)), shown: .range(0..<number * size),
      predicted: .range(number * size..<(number + 1) * size))
  }
}

@section("overtone_parts") @used private let registration: Registration = { $0.registry.add(Zigzag.self) }
