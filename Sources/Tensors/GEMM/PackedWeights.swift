import COpenBLAS
import Glibc

/// Weights packed once for all products with few rows: a generation multiplies by the same ones for every token, and
/// for so few rows packing takes as long as multiplying.
///
/// The packed copy is kept beside the scalars of the weight (`Buffer.packed`), and dropped with them or before they are
/// written to. This type alone reads and writes it, under its lock.
enum PackedWeights {
  private final class Lock: @unchecked Sendable {  // a lock
    var mutex = pthread_mutex_t()
    init() { pthread_mutex_init(&mutex, nil) }
  }
  private static let lock = Lock()

  /// Rows of A up to which packed weights are kept: with more, packing them anew costs little beside the product.
  static let fewRows = 1024
  /// Rows from which on micro-kernels that read A where it lies are faster than blocks, for which A is transposed.
  private static let microKernelRows = 64
  /// Rows of A that are worked on at once: their transpose stays in the second-level cache.
  private static let rowsAtOnce = 256

  /// weight [outputs, inputs] as [outputs / 16, inputs, 16], packed at first use; the last block is padded with zeros.
  static func packed(_ weight: Tensor) -> Buffer {
    pthread_mutex_lock(&lock.mutex)
    defer { pthread_mutex_unlock(&lock.mutex) }
    if let packed = weight.buffer.packed { return packed }
    let (outputs, inputs) = (weight.shape[0], weight.shape[1])
    let packed = Buffer(count: paddedToVectors(outputs) * inputs)
    let transposed = Matrix(pointer: weight.buffer.pointer, stride: inputs, transposed: true)
    for first in stride(from: 0, to: outputs, by: vectorWidth) {
      pack(
        transposed, rows: 0..<inputs, columns: first..<Swift.min(outputs, first + vectorWidth),
        into: packed.pointer + first * inputs)
    }
    weight.buffer.packed = packed
    return packed
  }

  /// Drops the packed copies of buffers whose scalars are about to be written to.
  static func discard(of buffers: some Sequence<Buffer>) {
    pthread_mutex_lock(&lock.mutex)
    defer { pthread_mutex_unlock(&lock.mutex) }
    for buffer in buffers { buffer.packed = nil }
  }

  /// C [rows, outputs] = A [rows, inputs] times a weight [outputs, inputs] transposed, plus bias and addend.
  ///
  /// C lies densely, and so does A if it is not generated.
  static func product(
    rows: Int, _ a: GEMMOperand, _ weight: Tensor, into c: UnsafeMutablePointer<Float>, epilogue: GEMMEpilogue
  ) {
    let (outputs, inputs) = (weight.shape[0], weight.shape[1]), packed = packed(weight)
    Profile.shared.multiplied(rows, outputs, inputs)
    let shape = GEMMShape(m: rows, n: outputs, k: inputs)
    if rows >= microKernelRows && vectorsPerTile > 1 {
      return microKernelProduct(shape, a, packed.pointer, into: c, epilogue)
    }
    // One register of columns for up to sixteen rows, since then the time is that of the weights to come from memory;
    // two for more.
    let columnVectors = vectorCount(outputs), pair = vectorsPerTile > 1 && rows > 16 && columnVectors > 1 ? 2 : 1
    let transposed = Buffer(count: (Swift.min(rows, rowsAtOnce) + vectorWidth) * (inputs + vectorWidth))
    let addend = epilogue.addendPointer(c)
    for start in stride(from: 0, to: rows, by: rowsAtOnce) {
      let count = Swift.min(rowsAtOnce, rows - start)
      let groups = RowGroup.covering(count, pair: pair, k: inputs)
      transpose(groups, of: a, from: start, rows: rows, k: inputs, into: transposed.pointer)
      // A second thread costs microseconds; four registers of columns and sixteen rows take three.
      parallel((columnVectors + pair - 1) / pair, cost: 2 * pair * count * inputs, pieces: 4) { range in
        let scratch = Buffer(count: TileTarget.scratchCount)
        for number in range {
          let first = vectorWidth * number * pair, vectors = Swift.min(pair, columnVectors - number * pair)
          for group in groups {
            group.multiply(
              transposed.pointer, packed.pointer + first * inputs, vectors: vectors, k: inputs, into: scratch.pointer)
            let offset = (start + group.first) * outputs + first
            TileTarget(
              pointer: c + offset, stride: outputs, rows: group.count,
              columns: Swift.min(vectorWidth * vectors, outputs - first), addend: addend.map { $0 + offset },
              bias: epilogue.bias.map { $0 + first }, scratch: scratch.pointer
            ).store(scratch.pointer, width: vectorWidth * vectors)
          }
        }
      }
    }
  }

  /// Transposes groups of rows of A, counted from row `start`, generated if need be: [group][k][group height].
  private static func transpose(
    _ groups: [RowGroup], of a: GEMMOperand, from start: Int, rows: Int, k: Int,
    into target: UnsafeMutablePointer<Float>
  ) {
    parallel(groups.count, cost: (a.generator == nil ? 2 : 8) * k) { range in
      let generated = a.generator.map { _ in Buffer(count: vectorWidth * k) }
      for group in groups[range] {
        var (source, following) = (a.matrix.pointer + (start + group.first) * k, rows - start - group.first)
        if let generator = a.generator, let generated = generated?.pointer {
          for row in 0..<group.count { generator(start + group.first + row, 0, k, generated + row * k) }
          (source, following) = (UnsafePointer(generated), 16)
        }
        group.transpose(source, following: following, k: k, into: target)
      }
    }
  }

  /// Computes the product for many of the few rows, by micro-kernels.
  private static func microKernelProduct(
    _ shape: GEMMShape, _ a: GEMMOperand, _ packed: UnsafePointer<Float>, into c: UnsafeMutablePointer<Float>,
    _ epilogue: GEMMEpilogue
  ) {
    let (m, n, k) = (shape.m, shape.n, shape.k), (mr, nr) = (GEMMBlocking.mr, GEMMBlocking.nr)
    let generated = a.generator.map { _ in Buffer(count: m * k) }
    if let generator = a.generator, let generated {
      parallel(m, cost: 8 * k) { range in
        for row in range { generator(row, 0, k, generated.pointer + row * k) }
      }
    }
    let a = generated.map { UnsafePointer($0.pointer) } ?? a.matrix.pointer
    // A micro-panel of B stays in the second-level cache for sixteen micro-tiles.
    let mc = 16 * mr, blockRows = (m + mc - 1) / mc, blockColumns = (n + nr - 1) / nr
    let path = ReductionPath(length: k, aStep: 1, bStep: vectorWidth, vectorStride: vectorWidth * k)
    let addend = epilogue.addendPointer(c), blocks = blockRows * blockColumns
    parallel(blocks, cost: 4 * Swift.min(m, mc) * k, pieces: blocks) { range in
      let scratch = Buffer(count: TileTarget.scratchCount)
      for block in range {
        let (row, column) = (block % blockRows * mc, block / blockRows * nr), offset = row * n + column
        let columns = Swift.min(nr, n - column)
        macroKernel(
          vectors: vectorCount(columns), rows: Swift.min(mc, m - row),
          PanelLayout(start: a + row * k, rowStride: k, kStride: 1, panelStride: mr * k), packed + column * k, path,
          TileTarget(
            pointer: c + offset, stride: n, rows: mr, columns: columns, addend: addend.map { $0 + offset },
            bias: epilogue.bias.map { $0 + column }, scratch: scratch.pointer),
          PrefetchPlan(
            nextPanel: packed + (block + 1) / blockRows * nr * k, count: nr * k, prefetchesA: false))
      }
    }
    withExtendedLifetime(generated) {}
  }
}
