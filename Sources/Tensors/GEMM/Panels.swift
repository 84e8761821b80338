import COpenBLAS
import Glibc

/// Weights laid out once for all products with few rows: a generation multiplies by the same ones for every token, and
/// for so few rows laying them out takes as long as multiplying.
enum Panels {
  private final class Lock: @unchecked Sendable {  // a lock
    var mutex = pthread_mutex_t()
    init() { pthread_mutex_init(&mutex, nil) }
  }
  private static let lock = Lock()

  /// Rows from which on laying weights out anew costs little beside the product.
  static let fewRows = 1024
  /// Rows from which on tiles that read the rows where they lie are faster than columns, for which they are turned.
  private static let tileRows = 64
  /// Rows that are worked on at once: what they are turned into stays in the second-level cache.
  private static let block = 256

  /// weight [outputs, inputs] as strips of sixteen outputs, [outputs / 16, inputs, 16], made at first use and kept beside
  /// the numbers until they change.
  static func of(_ weight: Tensor) -> Buffer {
    pthread_mutex_lock(&lock.mutex)
    defer { pthread_mutex_unlock(&lock.mutex) }
    if let known = weight.buffer.panels { return known }
    let (outputs, inputs) = (weight.shape[0], weight.shape[1])
    let made = Buffer(count: (outputs + 15) / 16 * 16 * inputs)
    let turned = Matrix(pointer: weight.buffer.pointer, stride: inputs, transposed: true)
    for first in stride(from: 0, to: outputs, by: 16) {
      pack(
        turned, rows: 0..<inputs, columns: first..<Swift.min(outputs, first + 16), into: made.pointer + first * inputs)
    }
    weight.buffer.panels = made
    return made
  }

  /// target [rows, outputs] = x [rows, inputs], or what `way` makes of it, times a weight [outputs, inputs] transposed, plus
  /// bias and base.
  static func product(
    _ x: UnsafePointer<Float>, rows: Int, _ weight: Tensor, _ bias: UnsafePointer<Float>?, _ way: ProductWay,
    into target: UnsafeMutablePointer<Float>
  ) {
    let (outputs, inputs) = (weight.shape[0], weight.shape[1]), panels = of(weight)
    Profile.shared.multiplied(rows, outputs, inputs)
    if rows >= tileRows && vectorsPerTile > 1 {
      return productByTiles(x, rows: rows, panels.pointer, outputs, inputs, bias, way, into: target)
    }
    // A strip for sixteen rows, since then the strips' way from memory is what takes time; two for more.
    let strips = (outputs + 15) / 16, pair = vectorsPerTile > 1 && rows > 16 && strips > 1 ? 2 : 1
    let turned = Buffer(count: (Swift.min(rows, block) + 16) * (inputs + 16))
    for start in stride(from: 0, to: rows, by: block) {
      let groups = Group.covering(Swift.min(block, rows - start), pair: pair, width: inputs), x = x + start * inputs
      parallel(groups.count, cost: (way.left == nil ? 2 : 8) * inputs) { range in
        let made = way.left.map { _ in Buffer(count: 16 * inputs) }
        for group in groups[range] {
          var (from, following) = (x + group.first * inputs, rows - start - group.first)
          if let fill = way.left, let made = made?.pointer {
            for row in 0..<group.count { fill(start + group.first + row, 0, inputs, made + row * inputs) }
            (from, following) = (UnsafePointer(made), 16)
          }
          turn(
            from, rows: group.count, of: group.height, following: following, width: inputs,
            into: turned.pointer + group.place)
        }
      }
      // A second thread costs microseconds; four strips of sixteen rows take three.
      parallel((strips + pair - 1) / pair, cost: 2 * pair * Swift.min(rows, block) * inputs, pieces: 4) { range in
        let scratch = Buffer(count: TileTarget.scratchCount)
        for number in range {
          let strip = number * pair, first = 16 * strip, lanes = Swift.min(pair, strips - strip)
          for group in groups {
            group.multiply(
              turned.pointer, panels.pointer + first * inputs, lanes: lanes, inner: inputs, into: scratch.pointer)
            let place = (start + group.first) * outputs + first
            TileTarget(
              pointer: target + place, stride: outputs, rows: group.count,
              columns: Swift.min(16 * lanes, outputs - first), added: way.base.map { $0 + place },
              bias: bias.map { $0 + first }, scratch: scratch.pointer
            ).take(scratch.pointer, width: 16 * lanes)
          }
        }
      }
    }
  }

  /// The same for many of the few rows, by tiles of six rows and four strips.
  private static func productByTiles(
    _ x: UnsafePointer<Float>, rows: Int, _ panels: UnsafePointer<Float>, _ outputs: Int, _ inputs: Int,
    _ bias: UnsafePointer<Float>?, _ way: ProductWay, into target: UnsafeMutablePointer<Float>
  ) {
    let made = way.left.map { _ in Buffer(count: rows * inputs) }
    if let fill = way.left, let made {
      parallel(rows, cost: 8 * inputs) { range in
        for row in range { fill(row, 0, inputs, made.pointer + row * inputs) }
      }
    }
    let x = made.map { UnsafePointer($0.pointer) } ?? x
    // Four strips stay in the second-level cache for sixteen tiles.
    let height = 16 * GEMMBlocking.mr, high = (rows + height - 1) / height, wide = (outputs + 63) / 64
    let path = TilePath(length: inputs, left: 1, right: 16, apart: 16 * inputs)
    parallel(high * wide, cost: 4 * Swift.min(rows, height) * inputs, pieces: high * wide) { range in
      let scratch = Buffer(count: TileTarget.scratchCount)
      for number in range {
        let (row, column) = (number % high * height, number / high * 64), place = row * outputs + column
        let columns = Swift.min(64, outputs - column)
        tilesDown(
          lanes: (columns + 15) / 16, rows: Swift.min(height, rows - row), x + row * inputs, stride: inputs,
          next: GEMMBlocking.mr * inputs, panels + column * inputs, path,
          TileTarget(
            pointer: target + place, stride: outputs, rows: GEMMBlocking.mr, columns: columns,
            added: way.base.map { $0 + place }, bias: bias.map { $0 + column }, scratch: scratch.pointer),
          Lookahead(
            panel: panels + (number + 1) / high * 64 * inputs, count: 64 * inputs, isLeftFar: false))
      }
    }
    withExtendedLifetime(made) {}
  }

  /// Rows that are multiplied at once.
  private struct Group {
    let first: Int, count: Int
    /// Where its turned rows lie: a lane after those before, for turning writes whole vectors of 16.
    let place: Int
    /// Those of the column that holds them.
    let height: Int

    /// So many rows by the highest column that fits into registers, the rest in the least that holds them.
    static func covering(_ rows: Int, pair: Int, width: Int) -> [Group] {
      let heights = vectorsPerTile == 1 ? [6, 4] : pair == 2 ? [12, 8, 4] : [16, 8, 4]
      var groups: [Group] = [], first = 0
      while first < rows {
        let height = heights.last { $0 >= rows - first } ?? heights[0]
        groups.append(
          Group(
            first: first, count: Swift.min(height, rows - first), place: first * width + 16 * groups.count,
            height: height))
        first += height
      }
      return groups
    }

    @inline(__always)
    func multiply(
      _ turned: UnsafePointer<Float>, _ strip: UnsafePointer<Float>, lanes: Int, inner: Int,
      into sums: UnsafeMutablePointer<Float>
    ) {
      let x = turned + place, apart = 16 * inner
      @inline(__always) func by<C: Column>(_ column: C.Type) {
        Tensors.multiply(x, strip, apart: apart, inner: inner, into: sums, column)
      }
      switch (height, lanes) {
      case (4, 2): by(FourRows<TwoLanes>.self)
      case (8, 2): by(EightRows<TwoLanes>.self)
      case (_, 2): by(TwelveRows<TwoLanes>.self)
      case (4, _): by(FourRows<OneLane>.self)
      case (6, _): by(SixRows<OneLane>.self)
      case (8, _): by(EightRows<OneLane>.self)
      case (12, _): by(TwelveRows<OneLane>.self)
      default: by(SixteenRows<OneLane>.self)
      }
    }
  }
}

/// x [rows, width] as [width, height], whatever behind the rows; 16 is the most. `following` rows are there in all.
private func turn(
  _ x: UnsafePointer<Float>, rows: Int, of height: Int, following: Int, width: Int,
  into target: UnsafeMutablePointer<Float>
) {
  var done = 0
  if following >= 16 {
    done = width / 16 * 16
    // Sixteen rows at once: what they have too much is overwritten by the next column, or lies in the lane behind.
    for column in stride(from: 0, to: done, by: 16) {
      overtone_transpose(x + column, width, target + height * column, height)
    }
  }
  for column in done..<width {
    for row in 0..<height { target[column &* height &+ row] = row < rows ? x[row &* width &+ column] : 0 }
  }
}
