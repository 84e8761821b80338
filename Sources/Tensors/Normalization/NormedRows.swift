import COpenBLAS

/// Where the numbers of normed rows lie, while somebody holds them.
private struct NormPointers {
  let x: UnsafePointer<Float>, known: UnsafeMutablePointer<Float>
  let weight: UnsafePointer<Float>?, bias: UnsafePointer<Float>?, told: UnsafePointer<Float>?
  let width: Int, each: Int, step: Int, shift: Int, scaling: Int

  /// Mean and reciprocal standard deviation of one row, in two passes (the one-pass form loses digits).
  @inline(__always)
  func measure(_ row: Int, _ epsilon: Float) {
    let line = x + row &* width, mean = rowSum(line, width) { $0 } / Float(width)
    let variance = rowSum(line, width) { ($0 - mean) * ($0 - mean) } / Float(width)
    known[2 &* row] = mean
    known[2 &* row &+ 1] = 1 / (variance + epsilon).squareRoot()
  }

  func fill(_ row: Int, _ column: Int, _ count: Int, _ target: UnsafeMutablePointer<Float>) {
    NormParts(isWeighted: weight != nil, isBiased: bias != nil, isTold: told != nil).choose {
      fill(row, column, count, target, isWeighted: $0, isBiased: $1, isTold: $2)
    }
  }

  @inline(__always)
  private func fill(
    _ row: Int, _ column: Int, _ count: Int, _ target: UnsafeMutablePointer<Float>, isWeighted: Bool, isBiased: Bool,
    isTold: Bool
  ) {
    let line = x + (row &* width &+ column), mean = known[2 &* row], scale = known[2 &* row &+ 1]
    let next = line + prefetchDistance(count, width: width)
    // Nothing is read where there is nothing.
    let w = (weight ?? x) + column, b = (bias ?? x) + column
    let m = (told ?? x) + (isTold ? row / each &* step &+ column : 0)
    var i = 0
    while i < count {
      overtone_prefetch(next + i)
      var n = (line[vector: i] - mean) * scale
      if isWeighted && isBiased {
        n = multiplyAdd(n, w[vector: i], b[vector: i])
      } else if isWeighted {
        n *= w[vector: i]
      } else if isBiased {
        n += b[vector: i]
      }
      if isTold { n = multiplyAdd(n, (m + scaling)[vector: i] + 1, (m + shift)[vector: i]) }
      // What is read beyond a row is not stored: all buffers have a vector more.
      if i &+ 16 <= count { target[vector: i] = n } else { target.store(n, i, of: count) }
      i &+= 16
    }
  }
}

/// Rows that are normed, wherever they are needed: mean and reciprocal deviation of each are known.
struct NormedRows: Sendable {
  let x: Tensor, weight: Tensor?, bias: Tensor?
  /// What moves them, without a past, and how many rows one of its rows serves.
  let told: NormModulation?, each: Int
  let width: Int, rows: Int
  /// [rows, 2]
  private let known: Buffer

  /// Measures all rows.
  init(_ x: Tensor, _ weight: Tensor?, _ bias: Tensor?, epsilon: Float, modulation: NormModulation?) {
    self.init(x, weight, bias, modulation: modulation)
    let pointers = pointers
    parallel(rows, cost: width / 2) { range in for row in range { pointers.measure(row, epsilon) } }
  }

  private init(_ x: Tensor, _ weight: Tensor?, _ bias: Tensor?, modulation: NormModulation?) {
    (self.x, self.weight, self.bias) = (x.detached, weight?.detached, bias?.detached)
    width = x.shape.last ?? 1
    rows = x.count / Swift.max(1, width)
    told = modulation.map {
      NormModulation($0.tensor.detached, shiftOffset: $0.shiftOffset, scaleOffset: $0.scaleOffset)
    }
    each = told.map { [rows] in share(rows, of: $0.tensor.shape[0]) } ?? 1
    known = Buffer(count: 2 * rows)
  }

  /// The same, and all rows normed on the way.
  static func made(
    _ x: Tensor, _ weight: Tensor?, _ bias: Tensor?, epsilon: Float, modulation: NormModulation?
  ) -> (NormedRows, Tensor) {
    let normed = NormedRows(x, weight, bias, modulation: modulation), width = normed.width
    let value = Tensor(unfilled: x.shape) { target in
      let target = target.baseAddress!, pointers = normed.pointers
      parallel(normed.rows, cost: width) { range in
        for row in range {
          pointers.measure(row, epsilon)
          pointers.fill(row, 0, width, target + row &* width)
        }
      }
    }
    return (normed, value)
  }

  private var pointers: NormPointers {
    NormPointers(
      x: x.buffer.pointer, known: known.pointer, weight: weight.map { UnsafePointer($0.buffer.pointer) },
      bias: bias.map { UnsafePointer($0.buffer.pointer) }, told: told.map { UnsafePointer($0.tensor.buffer.pointer) },
      width: width, each: each, step: told?.tensor.shape[1] ?? 0, shift: told?.shiftOffset ?? 0,
      scaling: told?.scaleOffset ?? 0)
  }

  /// Makes some numbers of a row, normed.
  var fill: OperandGenerator {
    let pointers = pointers
    return { pointers.fill($0, $1, $2, $3) }
  }

  /// Passes a gradient back to the rows, and to weight, bias and modulation where there are any: added to what the rows, and
  /// the modulation, were given before. A gradient that nobody else holds may be used up.
  func back(_ g: consuming Tensor, onto sum: Tensor?, toTold: Tensor?) -> [Tensor?] {
    let toldSofar = toTold, toTold = told.map { toldSofar ?? Tensor(unfilled: $0.tensor.shape) { _ in } }
    let parts = Swift.max(1, Swift.min(16, rows / 64))
    // Rows that are served by one stay together, since they add to the same gradient.
    let length = ((rows + parts - 1) / parts + each - 1) / each * each
    let sums = Tensor(zeros: [parts, 2 * width])
    let own = isKnownUniquelyReferenced(&g.buffer) ? g : nil
    let toSelf = sum ?? own ?? Tensor(shape: x.shape, buffer: Buffer(count: x.count), node: nil)
    let pass = LayerNormBack(
      width: width, x: x.buffer.pointer, g: g.buffer.pointer, to: toSelf.buffer.pointer, adds: sum != nil,
      known: known.pointer,
      weight: weight.map { UnsafePointer($0.buffer.pointer) }, bias: bias.map { UnsafePointer($0.buffer.pointer) },
      told: told.map { UnsafePointer($0.tensor.buffer.pointer) }, toTold: toTold?.buffer.pointer,
      isFirstToTell: toldSofar == nil, each: each,
      step: told?.tensor.shape[1] ?? 0, shift: told?.shiftOffset ?? 0, scaling: told?.scaleOffset ?? 0)
    parallel(parts, cost: length * width * 2) { range in
      let line = Buffer(count: width)
      for part in range {
        for row in Swift.min(rows, part * length)..<Swift.min(rows, (part + 1) * length) {
          pass.row(row, line.pointer, sums: sums.buffer.pointer + part * 2 * width)
        }
      }
    }
    let sum = sums.columnSums(width: 2 * width)
    return [toSelf.reshaped(x.shape)] + (weight == nil ? [] : [sum.sliced(0..<width, axis: 0)])
      + (bias == nil ? [] : [sum.sliced(width..<2 * width, axis: 0)]) + (toTold.map { [$0] } ?? [])
  }
}
