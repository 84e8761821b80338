import Glibc

/// Weights laid out once for all products with few rows: a generation multiplies by the same ones for every token, and
/// for so few rows laying them out takes as long as multiplying.
enum Panels {
  private final class Lock: @unchecked Sendable {  // a lock
    var mutex = pthread_mutex_t()
    init() { pthread_mutex_init(&mutex, nil) }
  }
  private static let lock = Lock()

  /// Rows from which on the layout costs little beside the product.
  static let fewRows = 64

  /// weight [outputs, inputs] as panels of 64 outputs, made at first use and kept beside the numbers until they change.
  static func of(_ weight: Tensor) -> Buffer {
    pthread_mutex_lock(&lock.mutex)
    defer { pthread_mutex_unlock(&lock.mutex) }
    if let known = weight.buffer.panels { return known }
    let (outputs, inputs) = (weight.shape[0], weight.shape[1])
    let made = Buffer(count: (outputs + 15) / 16 * 16 * inputs)
    pack(
      Matrix(pointer: weight.buffer.pointer, stride: inputs, transposed: true), rows: 0..<inputs, columns: 0..<outputs,
      into: made.pointer)
    weight.buffer.panels = made
    return made
  }

  /// target [rows, outputs] = x [rows, inputs] times a weight [outputs, inputs] transposed, plus bias.
  static func product(
    _ x: UnsafePointer<Float>, rows: Int, _ weight: Tensor, _ bias: UnsafePointer<Float>?,
    into target: UnsafeMutablePointer<Float>
  ) {
    let (outputs, inputs) = (weight.shape[0], weight.shape[1]), packed = of(weight)
    Profile.shared.multiplied(rows, outputs, inputs)
    // A second thread costs microseconds; four panels of sixteen rows take eight.
    parallel((outputs + 63) / 64, cost: 2 * rows * inputs) { range in
      let scratch = Buffer(count: TileTarget.scratchCount)
      for panel in range {
        let width = Swift.min(64, outputs - 64 * panel), lanes = (width + 15) / 16
        for row in stride(from: 0, to: rows, by: TileRows.count) {
          let count = Swift.min(TileRows.count, rows - row)
          tile(
            lanes: lanes, TileRows(x + row * inputs, stride: inputs, count: count),
            packed.pointer + 64 * panel * inputs, TilePath(length: inputs, left: 1, right: 16 * lanes),
            TileTarget(
              pointer: target + row * outputs + 64 * panel, stride: outputs, rows: count, columns: width,
              bias: bias.map { $0 + 64 * panel }, scratch: scratch.pointer))
        }
      }
    }
  }
}
