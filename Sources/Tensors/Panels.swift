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

  /// target [rows, outputs] = x [rows, inputs] times a weight [outputs, inputs] transposed, plus bias.
  static func product(
    _ x: UnsafePointer<Float>, rows: Int, _ weight: Tensor, _ bias: UnsafePointer<Float>?,
    into target: UnsafeMutablePointer<Float>
  ) {
    let (outputs, inputs) = (weight.shape[0], weight.shape[1]), panels = of(weight)
    Profile.shared.multiplied(rows, outputs, inputs)
    // A second thread costs microseconds; four strips of sixteen rows take three.
    parallel((outputs + 15) / 16, cost: 2 * Swift.min(rows, block) * inputs, pieces: 1) { range in
      let scratch = Buffer(count: TileTarget.scratchCount),
        turned = Buffer(count: (Swift.min(rows, block) + 16) * inputs)
      for start in stride(from: 0, to: rows, by: block) {
        let groups = Group.covering(Swift.min(block, rows - start)), x = x + start * inputs
        // Each thread turns all rows for itself: that is less than waiting for one another.
        for group in groups {
          turn(
            x + group.first * inputs, rows: group.count, of: group.height, width: inputs,
            into: turned.pointer + group.first * inputs)
        }
        for strip in range {
          let first = 16 * strip
          for group in groups {
            group.multiply(turned.pointer, panels.pointer + first * inputs, inner: inputs, into: scratch.pointer)
            TileTarget(
              pointer: target + (start + group.first) * outputs + first, stride: outputs, rows: group.count,
              columns: Swift.min(16, outputs - first), bias: bias.map { $0 + first }, scratch: scratch.pointer
            ).take(scratch.pointer, width: 16)
          }
        }
      }
    }
  }

  /// Rows that are multiplied at once.
  private struct Group {
    let first: Int, count: Int
    /// Those of the column that holds them.
    let height: Int

    /// Rows of the columns that fit into registers, the most first.
    private static let heights = tileLanes > 1 ? [16, 8, 4] : [6, 4]

    /// So many rows by the highest column, the rest in the least that holds them.
    static func covering(_ rows: Int) -> [Group] {
      var groups: [Group] = [], first = 0
      while first < rows {
        let height = heights.last { $0 >= rows - first } ?? heights[0]
        groups.append(Group(first: first, count: Swift.min(height, rows - first), height: height))
        first += height
      }
      return groups
    }

    @inline(__always)
    func multiply(
      _ turned: UnsafePointer<Float>, _ strip: UnsafePointer<Float>, inner: Int, into sums: UnsafeMutablePointer<Float>
    ) {
      let x = turned + first * inner
      switch height {
      case 4: Tensors.multiply(x, strip, inner: inner, into: sums, FourRows.self)
      case 6: Tensors.multiply(x, strip, inner: inner, into: sums, SixRows.self)
      case 8: Tensors.multiply(x, strip, inner: inner, into: sums, EightRows.self)
      default: Tensors.multiply(x, strip, inner: inner, into: sums, SixteenRows.self)
      }
    }
  }
}

/// x [rows, width] as [width, height], zeros behind the rows; 16 is the most.
private func turn(
  _ x: UnsafePointer<Float>, rows: Int, of height: Int, width: Int, into target: UnsafeMutablePointer<Float>
) {
  var done = 0
  if rows == 16 {
    done = width / 16 * 16
    for column in stride(from: 0, to: done, by: 16) { overtone_transpose(x + column, width, target + 16 * column, 16) }
  }
  for column in done..<width {
    for row in 0..<height { target[column &* height &+ row] = row < rows ? x[row &* width &+ column] : 0 }
  }
}
