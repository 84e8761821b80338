import COpenBLAS

/// The operands of a layer norm as pointers, while their tensors are held elsewhere.
private struct LayerNormForward {
  let width: Int
  /// [rows, width]
  let inp: UnsafePointer<Float>
  /// [rows, 2]: mean and rstd of each row.
  let statistics: UnsafeMutablePointer<Float>
  /// [width]
  let weight: UnsafePointer<Float>?, bias: UnsafePointer<Float>?
  /// [entries, layout.rowStride]
  let modulation: UnsafePointer<Float>?
  let layout: ModulationLayout

  /// Computes the statistics of one row, in two passes (the one-pass form loses digits).
  @inline(__always)
  func computeStatistics(_ row: Int, _ epsilon: Float) {
    let x = inp + row &* width, mean = rowSum(x, width) { $0 } / Float(width)
    let variance = rowSum(x, width) { ($0 - mean) * ($0 - mean) } / Float(width)
    statistics[2 &* row] = mean
    statistics[2 &* row &+ 1] = 1 / (variance + epsilon).squareRoot()
  }

  /// Writes `count` elements of the result of row `row` from column `column` on.
  func write(_ row: Int, _ column: Int, _ count: Int, _ target: UnsafeMutablePointer<Float>) {
    NormVariant(hasWeight: weight != nil, hasBias: bias != nil, isModulated: modulation != nil).specialize {
      write(row, column, count, target, hasWeight: $0, hasBias: $1, isModulated: $2)
    }
  }

  @inline(__always)
  private func write(
    _ row: Int, _ column: Int, _ count: Int, _ target: UnsafeMutablePointer<Float>, hasWeight: Bool, hasBias: Bool,
    isModulated: Bool
  ) {
    let x = inp + (row &* width &+ column), mean = statistics[2 &* row], rstd = statistics[2 &* row &+ 1]
    let next = x + prefetchDistance(count, width: width)
    // An operand that there is not stands for nothing: it is not read.
    let w = (weight ?? inp) + column, b = (bias ?? inp) + column
    let entry = (modulation ?? inp) + (isModulated ? layout.offset(row: row) &+ column : 0)
    let scale = entry + layout.scaleOffset, shift = entry + layout.shiftOffset
    var i = 0
    while i < count {
      overtone_prefetch(next + i)
      // Normalize.
      var n = (x[vector: i] - mean) * rstd
      // Scale and shift.
      if hasWeight && hasBias {
        n = multiplyAdd(n, w[vector: i], b[vector: i])
      } else if hasWeight {
        n *= w[vector: i]
      } else if hasBias {
        n += b[vector: i]
      }
      if isModulated { n = multiplyAdd(n, scale[vector: i] + 1, shift[vector: i]) }
      // Elements beyond the row are read, not stored: every buffer ends with a spare vector.
      if i &+ 16 <= count { target[vector: i] = n } else { target.store(n, i, of: count) }
      i &+= 16
    }
  }
}

/// The rows of a layer norm, computed where they are needed: as a whole, or piece by piece while a product packs them.
struct NormalizedRows: Sendable {
  /// [..., width]
  let x: Tensor
  /// [width]
  let weight: Tensor?, bias: Tensor?
  let modulation: NormModulation?
  let layout: ModulationLayout
  let width: Int, rows: Int
  /// [rows, 2]: mean and rstd of each row.
  private let statistics: Buffer

  /// The rows of a tensor [..., width] whose statistics are still to be computed.
  init(_ x: Tensor, _ weight: Tensor?, _ bias: Tensor?, modulation: NormModulation?) {
    (self.x, self.weight, self.bias) = (x.detached, weight?.detached, bias?.detached)
    width = x.shape.last ?? 1
    rows = x.count / Swift.max(1, width)
    self.modulation = modulation?.detached
    layout = modulation?.layout(rows: rows) ?? ModulationLayout()
    statistics = Buffer(count: 2 * rows)
  }

  /// The rows of a tensor [..., width] and their statistics.
  init(_ x: Tensor, _ weight: Tensor?, _ bias: Tensor?, epsilon: Float, modulation: NormModulation?) {
    self.init(x, weight, bias, modulation: modulation)
    let pointers = pointers
    parallel(rows, cost: width / 2) { range in for row in range { pointers.computeStatistics(row, epsilon) } }
  }

  /// Computes the statistics and the result of all rows in one pass: [..., width].
  func value(epsilon: Float) -> Tensor {
    Tensor(unfilled: x.shape) { target in
      let target = target.baseAddress!, pointers = pointers
      parallel(rows, cost: width) { range in
        for row in range {
          pointers.computeStatistics(row, epsilon)
          pointers.write(row, 0, width, target + row &* width)
        }
      }
    }
  }

  private var pointers: LayerNormForward {
    LayerNormForward(
      width: width, inp: x.buffer.pointer, statistics: statistics.pointer,
      weight: weight.map { UnsafePointer($0.buffer.pointer) }, bias: bias.map { UnsafePointer($0.buffer.pointer) },
      modulation: modulation.map { UnsafePointer($0.tensor.buffer.pointer) }, layout: layout)
  }

  /// Computes elements of the result while a product packs them; the statistics must have been computed.
  var generator: OperandGenerator {
    let pointers = pointers
    return { pointers.write($0, $1, $2, $3) }
  }

  /// The gradients of all operands, from that of the result [..., width].
  ///
  /// Existing gradients of the input and of the modulation are added to in place. Without an existing one the input's
  /// gradient takes the memory of `g` if nothing else refers to it.
  func gradients(
    _ g: consuming Tensor, existingInputGradient: Tensor?, existingModulationGradient: Tensor?
  ) -> LayerNormGradients {
    let dmodulation = modulation.map { existingModulationGradient ?? Tensor(unfilled: $0.tensor.shape) { _ in } }
    let parts = Swift.max(1, Swift.min(16, rows / 64)), perEntry = layout.rowsPerEntry
    // Rows of one entry stay in one part, since they add to the same gradient.
    let length = ((rows + parts - 1) / parts + perEntry - 1) / perEntry * perEntry
    let sums = Tensor(zeros: [parts, 2 * width])
    let reused = isKnownUniquelyReferenced(&g.buffer) ? g : nil
    let dinp = existingInputGradient ?? reused ?? Tensor(shape: x.shape, buffer: Buffer(count: x.count), node: nil)
    let pass = LayerNormBackward(
      width: width, inp: x.buffer.pointer, dout: g.buffer.pointer, dinp: dinp.buffer.pointer,
      accumulates: existingInputGradient != nil, statistics: statistics.pointer,
      weight: weight.map { UnsafePointer($0.buffer.pointer) }, bias: bias.map { UnsafePointer($0.buffer.pointer) },
      modulation: modulation.map { UnsafePointer($0.tensor.buffer.pointer) },
      modulationGradient: dmodulation?.buffer.pointer, zeroesGradient: existingModulationGradient == nil, layout: layout
    )
    parallel(parts, cost: length * width * 2) { range in
      let scratch = Buffer(count: width)
      for part in range {
        let sum = sums.buffer.pointer + part * 2 * width
        for row in Swift.min(rows, part * length)..<Swift.min(rows, (part + 1) * length) {
          pass.row(row, dnorm: scratch.pointer, dweight: sum, dbias: sum + width)
        }
      }
    }
    let sum = sums.columnSums(width: 2 * width)
    return LayerNormGradients(
      input: dinp.reshaped(x.shape), weight: weight == nil ? nil : sum.sliced(0..<width, axis: 0),
      bias: bias == nil ? nil : sum.sliced(width..<2 * width, axis: 0), modulation: dmodulation)
  }
}
