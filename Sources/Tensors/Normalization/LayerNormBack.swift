import COpenBLAS

/// One row of the way back through a layer norm.
struct LayerNormBack: @unchecked Sendable {  // pointers of tensors that the caller holds
  let width: Int
  let x: UnsafePointer<Float>, g: UnsafePointer<Float>, to: UnsafeMutablePointer<Float>
  /// Whether what stands at `to` grows by the gradient.
  let adds: Bool
  let known: UnsafePointer<Float>
  let weight: UnsafePointer<Float>?, bias: UnsafePointer<Float>?, told: UnsafePointer<Float>?
  let toTold: UnsafeMutablePointer<Float>?
  /// Whether nothing stands at `toTold` yet.
  let isFirstToTell: Bool
  let each: Int, step: Int, shift: Int, scaling: Int

  /// `h` has room for a row; `sums` [2 width] collects the gradients of weight and bias.
  func row(_ row: Int, _ h: UnsafeMutablePointer<Float>, sums: UnsafeMutablePointer<Float>) {
    NormParts(isWeighted: weight != nil, isBiased: bias != nil, isTold: told != nil).choose {
      pass(row, h, sums, isWeighted: $0, isBiased: $1, isTold: $2)
    }
  }

  @inline(__always)
  private func pass(
    _ row: Int, _ h: UnsafeMutablePointer<Float>, _ sums: UnsafeMutablePointer<Float>, isWeighted: Bool,
    isBiased: Bool, isTold: Bool
  ) {
    let o = row &* width, x = self.x + o, g = self.g + o, to = self.to + o, at = isTold ? row / each &* step : 0
    let mean = known[2 &* row], scale = known[2 &* row &+ 1]
    // Nothing is read or written where there is nothing.
    let weight = self.weight ?? x, bias = self.bias ?? x, told = (self.told ?? x) + at, toTold = (self.toTold ?? h) + at
    if isTold && isFirstToTell && row % each == 0 { toTold.update(repeating: 0, count: step) }
    var total = Vector16(repeating: 0), along = total
    // Vector16 beyond the row must not count: there the slope is zero.
    eachLane { i, isWhole in
      let n = (read(x, i, isWhole) - mean) * scale
      var slope = read(g, i, isWhole)
      if isTold {
        var inner = n
        if isWeighted { inner *= read(weight, i, isWhole) }
        if isBiased { inner += read(bias, i, isWhole) }
        add(slope * inner, to: toTold + scaling, i, isWhole)
        add(slope, to: toTold + shift, i, isWhole)
        slope *= read(told + scaling, i, isWhole) + 1
      }
      if isWeighted || isBiased {
        add(slope * n, to: sums, i, isWhole)
        add(slope, to: sums + width, i, isWhole)
      }
      if isWeighted { slope *= read(weight, i, isWhole) }
      write(slope, to: h, i, isWhole)
      total += slope
      along = multiplyAdd(slope, n, along)
    }
    let meanSlope = overtone_reduce_add(total) / Float(width), meanAlong = overtone_reduce_add(along) / Float(width)
    eachLane { i, isWhole in
      let n = (read(x, i, isWhole) - mean) * scale
      let slope = (read(h, i, isWhole) - meanSlope - n * meanAlong) * scale
      if adds { add(slope, to: to, i, isWhole) } else { write(slope, to: to, i, isWhole) }
    }
  }

  @inline(__always)
  private func eachLane(_ body: (_ first: Int, _ isWhole: Bool) -> Void) {
    var i = 0
    while i &+ 16 <= width {
      body(i, true)
      i &+= 16
    }
    if i < width { body(i, false) }
  }

  @inline(__always) private func read(_ p: UnsafePointer<Float>, _ i: Int, _ isWhole: Bool) -> Vector16 {
    isWhole ? p[vector: i] : p.vector(i, of: width)
  }
  @inline(__always)
  private func write(_ lanes: Vector16, to p: UnsafeMutablePointer<Float>, _ i: Int, _ isWhole: Bool) {
    if isWhole { p[vector: i] = lanes } else { p.store(lanes, i, of: width) }
  }
  @inline(__always)
  private func add(_ lanes: Vector16, to p: UnsafeMutablePointer<Float>, _ i: Int, _ isWhole: Bool) {
    write(read(p, i, isWhole) + lanes, to: p, i, isWhole)
  }
}
