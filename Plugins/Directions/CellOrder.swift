import Autoregression
import Settings
import Tensors

/// The order in which cells are predicted: one for all images, or a random one for each.
enum CellOrder: Sendable {
  case fixed([Int])
  case drawn

  /// `order: halton`, or the numbers of all cells, counted row by row: `order: [3, 1, 0, 2]`.
  init(_ settings: inout Settings, over grid: Grid, default fallback: Scan) throws(SettingsError) {
    let about = "order in which tokens are generated: a name, or a list of all cells numbered row by row"
    guard settings.isList("order") else {
      let scan: Scan = try settings["order", default: fallback, about: about]
      self = scan == .random ? .drawn : .fixed(scan.cells(of: grid))
      return
    }
    let cells: [Int] = try settings[required: "order", about: about]
    guard cells.sorted() == Array(0..<grid.count) else {
      throw settings.refusal(
        "a grid of \(grid) has cells 0 to \(grid.count - 1); 'order' must list each of them once.", at: "order")
    }
    self = .fixed(cells)
  }

  /// The order of every sample, the same at every turn of a generation; a fixed one draws nothing.
  func orders(of count: Int, batch: Int, _ random: Random) -> Indices {
    switch self {
    case .fixed(let order): Array(repeating: order, count: batch)
    case .drawn: random.orders(of: count, "order")
    }
  }
}

/// Scan orders of a grid of any size. Yu et al. 2024 (RAR, arXiv 2411.00776) compare six, of which their code has the
/// first; on square grids with a power of two of cells a side they are those of VQGAN's code (Esser et al. 2020, arXiv
/// 2012.09841; `permuter.py`), which has no others.
enum Scan: String, Setting, CaseIterable {
  /// Row by row.
  case raster
  /// Row by row, every second one backwards ("alternate" in RAR).
  case snake
  /// Quarters within quarters: the bits of row and column interleaved (Morton 1966).
  case zCurve = "z-curve"
  /// From the last cell upwards along the edge, counterclockwise, then inwards.
  case spiralIn = "spiral-in"
  /// The other way round: from the middle to the edge.
  case spiralOut = "spiral-out"
  /// Every second cell of every second row; then those to their right, below, and aslant; each of the four in the same
  /// order of its own: the bits of row and column interleaved, the lowest first.
  case subsample
  /// The points of Halton 1960 to the bases 2 (rows) and 3 (columns), from the first after the origin on: early ones
  /// are evenly distributed, far from each other (Besnier et al. 2025, arXiv 2503.17076).
  case halton
  /// Drawn anew for every image.
  case random

  /// The cells in order, numbered row by row; `random` gives them row by row, to be shuffled.
  func cells(of grid: Grid) -> [Int] {
    let rows = Array(0..<grid.height), columns = Array(0..<grid.width)
    func cell(_ row: Int, _ column: Int) -> Int { row * grid.width + column }
    return switch self {
    case .raster, .random: Array(0..<grid.count)
    case .snake: rows.flatMap { row in (row % 2 == 0 ? columns : columns.reversed()).map { cell(row, $0) } }
    case .zCurve: Self.sorted(grid) { $0 }
    case .spiralIn: Self.spiral(grid)
    case .spiralOut: Self.spiral(grid).reversed()
    case .subsample: Self.sorted(grid) { Self.mirrored($0) }
    case .halton: Self.halton(grid)
    }
  }

  /// The cells in ascending order of the interleaved bits of `digits` of row and column.
  private static func sorted(_ grid: Grid, by digits: (Int) -> Int) -> [Int] {
    let keys = (0..<grid.count).map { interleaved(digits($0 / grid.width), digits($0 % grid.width)) }
    return keys.indices.sorted { keys[$0] < keys[$1] }
  }

  /// The 31 lowest bits in the reverse order.
  private static func mirrored(_ number: Int) -> Int { (0..<31).reduce(0) { $0 | (number >> $1 & 1) << (30 - $1) } }

  /// Bits of both numbers in turn, those of the row before those of the column.
  private static func interleaved(_ row: Int, _ column: Int) -> Int {
    (0..<31).reduce(0) { $0 | (row >> $1 & 1) << (2 * $1 + 1) | (column >> $1 & 1) << (2 * $1) }
  }

  private static func spiral(_ grid: Grid) -> [Int] {
    var isUnvisited = Array(repeating: true, count: grid.count), order: [Int] = []
    var (row, column, rowStep, columnStep) = (grid.height - 1, grid.width - 1, -1, 0)
    func isFree(_ row: Int, _ column: Int) -> Bool {
      (0..<grid.height).contains(row) && (0..<grid.width).contains(column) && isUnvisited[row * grid.width + column]
    }
    while order.count < grid.count {
      order.append(row * grid.width + column)
      isUnvisited[row * grid.width + column] = false
      if !isFree(row + rowStep, column + columnStep) { (rowStep, columnStep) = (-columnStep, rowStep) }
      (row, column) = (row + rowStep, column + columnStep)
    }
    return order
  }

  /// The cells in which successive points lie, each where it is first hit.
  private static func halton(_ grid: Grid) -> [Int] {
    var isFree = Array(repeating: true, count: grid.count), order: [Int] = [], point = 1
    while order.count < grid.count {
      let cell = part(point, 2, of: grid.height) * grid.width + part(point, 3, of: grid.width)
      if isFree[cell] { order.append(cell) }
      isFree[cell] = false
      point += 1
    }
    return order
  }

  /// The digits of a number mirrored behind the point, as one of `parts` equal parts of [0, 1).
  private static func part(_ number: Int, _ base: Int, of parts: Int) -> Int {
    var (rest, mirrored, scale) = (number, 0, 1)
    while rest > 0 {
      (mirrored, scale, rest) = (mirrored * base + rest % base, scale * base, rest / base)
    }
    return mirrored * parts / scale
  }
}
