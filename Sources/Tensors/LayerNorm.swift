import COpenBLAS

/// Where in each row of a tensor [rows, wider] the shift and the scale of a norm stand. A row of it may serve several
/// rows that are normed, as many for each: those of one sample.
public struct Modulators: Sendable {
  public var tensor: Tensor
  public var shift: Int
  public var scale: Int

  public init(_ tensor: Tensor, shift: Int, scale: Int) {
    self.tensor = tensor
    self.shift = shift
    self.scale = scale
  }
}

/// How many of `rows` one of `others` serves.
private func share(_ rows: Int, of others: Int) -> Int {
  precondition(others > 0 && rows % others == 0, "\(others) rows do not serve \(rows) rows, as many for each")
  return rows / others
}

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
    let line = x + (row &* width &+ column), mean = known[2 &* row], scale = known[2 &* row &+ 1]
    let (w, b) = (weight.map { $0 + column }, bias.map { $0 + column })
    let m = told.map { $0 + (row / each &* step &+ column) }
    // What is read beyond a row is not stored: all buffers have a lane more.
    @inline(__always) func all(_ body: (Int) -> Lanes) {
      var i = 0
      while i < count {
        let n = body(i)
        if i &+ 16 <= count { target[lanes: i] = n } else { target.store(n, i, of: count) }
        i &+= 16
      }
    }
    if let w, let b, m == nil {
      all { i in multiplyAdd((line[lanes: i] - mean) * scale, w[lanes: i], b[lanes: i]) }
    } else if let m, w == nil, b == nil {
      all { i in multiplyAdd((line[lanes: i] - mean) * scale, (m + scaling)[lanes: i] + 1, (m + shift)[lanes: i]) }
    } else {
      all { i in
        var n = (line[lanes: i] - mean) * scale
        if let w { n *= w[lanes: i] }
        if let b { n += b[lanes: i] }
        if let m { n = n * ((m + scaling)[lanes: i] + 1) + (m + shift)[lanes: i] }
        return n
      }
    }
  }
}

/// Rows that are normed, wherever they are needed: mean and reciprocal deviation of each are known.
struct NormedRows: Sendable {
  let x: Tensor, weight: Tensor?, bias: Tensor?
  /// What moves them, without a past, and how many rows one of its rows serves.
  let told: Modulators?, each: Int
  let width: Int, rows: Int
  /// [rows, 2]
  private let known: Buffer

  /// Measures all rows.
  init(_ x: Tensor, _ weight: Tensor?, _ bias: Tensor?, epsilon: Float, by modulators: Modulators?) {
    self.init(x, weight, bias, by: modulators)
    let pointers = pointers
    parallel(rows, cost: width / 2) { range in for row in range { pointers.measure(row, epsilon) } }
  }

  private init(_ x: Tensor, _ weight: Tensor?, _ bias: Tensor?, by modulators: Modulators?) {
    (self.x, self.weight, self.bias) = (x.detached, weight?.detached, bias?.detached)
    width = x.shape.last ?? 1
    rows = x.count / Swift.max(1, width)
    told = modulators.map { Modulators($0.tensor.detached, shift: $0.shift, scale: $0.scale) }
    each = told.map { [rows] in share(rows, of: $0.tensor.shape[0]) } ?? 1
    known = Buffer(count: 2 * rows)
  }

  /// The same, and all rows normed on the way.
  static func made(
    _ x: Tensor, _ weight: Tensor?, _ bias: Tensor?, epsilon: Float, by modulators: Modulators?
  ) -> (NormedRows, Tensor) {
    let normed = NormedRows(x, weight, bias, by: modulators), width = normed.width
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
      width: width, each: each, step: told?.tensor.shape[1] ?? 0, shift: told?.shift ?? 0, scaling: told?.scale ?? 0)
  }

  /// Makes some numbers of a row, normed.
  var fill: ProductWay.Fill {
    let pointers = pointers
    return { pointers.fill($0, $1, $2, $3) }
  }

  /// Passes a gradient back to the rows, and to weight, bias and modulators where there are any; the last are given what
  /// `sofar` has for them. A gradient that nobody else holds may be used up.
  func back(_ g: consuming Tensor, toTold: Tensor?) -> [Tensor?] {
    let toTold = told.map { toTold ?? Tensor(zeros: $0.tensor.shape) }
    let parts = Swift.max(1, Swift.min(16, rows / 64))
    // Rows that are served by one stay together, since they add to the same gradient.
    let length = ((rows + parts - 1) / parts + each - 1) / each * each
    let sums = Tensor(zeros: [parts, 2 * width])
    let toSelf =
      isKnownUniquelyReferenced(&g.buffer) ? g : Tensor(shape: x.shape, buffer: Buffer(count: x.count), node: nil)
    let pass = LayerNormBack(
      width: width, x: x.buffer.pointer, g: g.buffer.pointer, to: toSelf.buffer.pointer, known: known.pointer,
      weight: weight.map { UnsafePointer($0.buffer.pointer) }, bias: bias.map { UnsafePointer($0.buffer.pointer) },
      told: told.map { UnsafePointer($0.tensor.buffer.pointer) }, toTold: toTold?.buffer.pointer, each: each,
      step: told?.tensor.shape[1] ?? 0, shift: told?.shift ?? 0, scaling: told?.scale ?? 0)
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

extension Tensor {
  /// Rows of mean 0 and variance 1 along the last axis, then times `weight` plus `bias` (Ba et al. 2016,
  /// arXiv 1607.06450), then, with `modulators`, times 1 + scale plus shift (Peebles and Xie 2022, arXiv 2212.09748).
  ///
  /// self [..., width]; weight and bias [width] or nil; modulators have a row for one or more rows. The variance is the biased
  /// one. Nothing but mean and deviation of each row is kept for the way back.
  public func layerNorm(_ weight: Tensor?, _ bias: Tensor?, epsilon: Float, by modulators: Modulators? = nil) -> Tensor
  {
    let (normed, value) = NormedRows.made(self, weight, bias, epsilon: epsilon, by: modulators)
    let inputs = [self] + [weight, bias, modulators?.tensor].compactMap { $0 }
    let last = modulators == nil ? nil : inputs.count - 1
    return value.addingFrom(inputs) { g, sofar in normed.back(g, toTold: last.flatMap { sofar($0) }) }
  }

  /// base + gate * self, where the gate is `width` columns of `gates` [rows, wider] from `column` on; self, base
  /// [..., width]. A row of gates may serve several rows, as many for each.
  public func gated(by gates: Tensor, at column: Int, over base: Tensor) -> Tensor {
    let width = shape.last ?? 1, rows = count / Swift.max(1, width), step = gates.shape[1]
    let each = share(rows, of: gates.shape[0])
    precondition(
      base.shape == shape && column + width <= step,
      "gates of shape \(gates.shape) and a base of shape \(base.shape) do not fit rows of shape \(shape)")
    let value = Tensor(unfilled: shape) { target in
      let target = target.baseAddress!, x = buffer.pointer, b = base.buffer.pointer, m = gates.buffer.pointer
      parallel(rows, cost: width / 4) { range in
        for row in range {
          let o = row &* width, gate = m + (row / each &* step &+ column)
          for i in 0..<width { target[o &+ i] = b[o &+ i] + gate[i] * x[o &+ i] }
        }
      }
    }
    return value.addingFrom([self, gates, base]) { [self = detached, gates = gates.detached] g, sofar in
      let toGates = sofar(1) ?? Tensor(zeros: gates.shape)
      let toSelf = Tensor(unfilled: self.shape) { target in
        let target = target.baseAddress!, x = self.buffer.pointer, m = gates.buffer.pointer, g = g.buffer.pointer
        let to = toGates.buffer.pointer
        parallel(rows, cost: width / 4, unit: each) { range in
          for row in range {
            let o = row &* width, at = row / each &* step &+ column, gate = m + at, line = to + at
            for i in 0..<width {
              target[o &+ i] = g[o &+ i] * gate[i]
              line[i] += g[o &+ i] * x[o &+ i]
            }
          }
        }
      }
      return [toSelf, toGates, g]
    }
  }
}

/// One row of the way back through a layer norm.
private struct LayerNormBack: @unchecked Sendable {  // pointers of tensors that the caller holds
  let width: Int
  let x: UnsafePointer<Float>, g: UnsafePointer<Float>, to: UnsafeMutablePointer<Float>, known: UnsafePointer<Float>
  let weight: UnsafePointer<Float>?, bias: UnsafePointer<Float>?, told: UnsafePointer<Float>?
  let toTold: UnsafeMutablePointer<Float>?
  let each: Int, step: Int, shift: Int, scaling: Int

  /// `h` has room for a row; `sums` [2 width] collects the gradients of weight and bias.
  @inline(__always)
  func row(_ row: Int, _ h: UnsafeMutablePointer<Float>, sums: UnsafeMutablePointer<Float>) {
    let o = row &* width, x = self.x + o, g = self.g + o, to = self.to + o
    let mean = known[2 &* row], scale = known[2 &* row &+ 1]
    var total = Lanes(repeating: 0), along = total, i = 0
    while i < width {
      let n = (x.lanes(i, of: width) - mean) * scale
      var slope = g.lanes(i, of: width)
      if let told, let toTold {
        var inner = n
        if let weight { inner *= weight.lanes(i, of: width) }
        if let bias { inner += bias.lanes(i, of: width) }
        let at = row / each &* step
        let byScale = toTold + (at &+ scaling), byShift = toTold + (at &+ shift)
        byScale.store(byScale.lanes(i, of: width) + slope * inner, i, of: width)
        byShift.store(byShift.lanes(i, of: width) + slope, i, of: width)
        slope *= (told + (at &+ scaling)).lanes(i, of: width) + 1
      }
      if weight != nil || bias != nil {
        sums.store(sums.lanes(i, of: width) + slope * n, i, of: width)
        let second = sums + width
        second.store(second.lanes(i, of: width) + slope, i, of: width)
      }
      if let weight { slope *= weight.lanes(i, of: width) }
      h.store(slope, i, of: width)
      // Lanes beyond the row must not count: there the slope is zero, but n is not.
      total += slope
      along += slope * n
      i &+= 16
    }
    let meanSlope = overtone_sum(total) / Float(width), meanAlong = overtone_sum(along) / Float(width)
    i = 0
    while i < width {
      let n = (x.lanes(i, of: width) - mean) * scale
      to.store((h.lanes(i, of: width) - meanSlope - n * meanAlong) * scale, i, of: width)
      i &+= 16
    }
  }
}
