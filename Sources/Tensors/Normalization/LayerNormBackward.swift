import COpenBLAS

/// The backward pass of a layer norm, row by row.
///
/// With n = (x - mean) * rstd, z = n * weight + bias and y = z * (1 + scale) + shift:
///   dscale += dy * z, dshift += dy, dz = dy * (1 + scale),
///   dweight += dz * n, dbias += dz, dn = dz * weight,
///   dx = rstd * (dn - mean(dn) - n * mean(dn * n)).
struct LayerNormBackward: @unchecked Sendable {  // pointers of tensors that the caller holds
  let width: Int
  /// [rows, width]; `dinp` may be `dout`.
  let inp: UnsafePointer<Float>, dout: UnsafePointer<Float>, dinp: UnsafeMutablePointer<Float>
  /// The gradient is added to what `dinp` holds.
  let accumulates: Bool
  /// [rows, 2]: mean and rstd of each row.
  let statistics: UnsafePointer<Float>
  /// [width]
  let weight: UnsafePointer<Float>?, bias: UnsafePointer<Float>?
  /// [entries, layout.rowStride]
  let modulation: UnsafePointer<Float>?
  /// The gradient of the modulation, which is added to.
  let modulationGradient: UnsafeMutablePointer<Float>?
  /// The gradient of the modulation is set to zero first, entry by entry.
  let zeroesGradient: Bool
  let layout: ModulationLayout

  /// Computes the input's gradient of one row and adds to those of the other operands.
  ///
  /// `dnorm` has room for a row; dweight and dbias [width] lie one behind the other, also where only one of them is
  /// used.
  func row(
    _ row: Int, dnorm: UnsafeMutablePointer<Float>, dweight: UnsafeMutablePointer<Float>,
    dbias: UnsafeMutablePointer<Float>
  ) {
    NormVariant(hasWeight: weight != nil, hasBias: bias != nil, isModulated: modulation != nil).specialize {
      pass(row, dnorm, dweight, dbias, hasWeight: $0, hasBias: $1, isModulated: $2)
    }
  }

  @inline(__always)
  private func pass(
    _ row: Int, _ dnorm: UnsafeMutablePointer<Float>, _ dweight: UnsafeMutablePointer<Float>,
    _ dbias: UnsafeMutablePointer<Float>, hasWeight: Bool, hasBias: Bool, isModulated: Bool
  ) {
    let o = row &* width, inp = self.inp + o, dout = self.dout + o, dinp = self.dinp + o
    let mean = statistics[2 &* row], rstd = statistics[2 &* row &+ 1]
    // An operand that there is not stands for nothing: it is neither read nor written.
    let weight = self.weight ?? inp, bias = self.bias ?? inp, entry = isModulated ? layout.offset(row: row) : 0
    let scale = (modulation ?? inp) + (entry &+ layout.scaleOffset)
    let gradient = (modulationGradient ?? dnorm) + entry
    if isModulated && zeroesGradient && layout.isFirst(row: row) {
      gradient.update(repeating: 0, count: layout.rowStride)
    }
    // Statistics: the sums of dn and of dn * n. Elements beyond the row count as zeros of dn.
    var dnormSum = Vector16(repeating: 0), dnormNormSum = dnormSum
    forEachVector { i, isWhole in
      let norm = (read(inp, i, isWhole) - mean) * rstd
      var dval = read(dout, i, isWhole)
      if isModulated {
        var unmodulated = norm
        if hasWeight { unmodulated *= read(weight, i, isWhole) }
        if hasBias { unmodulated += read(bias, i, isWhole) }
        add(dval * unmodulated, to: gradient + layout.scaleOffset, i, isWhole)
        add(dval, to: gradient + layout.shiftOffset, i, isWhole)
        dval *= read(scale, i, isWhole) + 1
      }
      if hasWeight || hasBias {
        add(dval * norm, to: dweight, i, isWhole)
        add(dval, to: dbias, i, isWhole)
      }
      if hasWeight { dval *= read(weight, i, isWhole) }
      write(dval, to: dnorm, i, isWhole)
      dnormSum += dval
      dnormNormSum = multiplyAdd(dval, norm, dnormNormSum)
    }
    let dnormMean = overtone_reduce_add(dnormSum) / Float(width)
    let dnormNormMean = overtone_reduce_add(dnormNormSum) / Float(width)
    forEachVector { i, isWhole in
      let norm = (read(inp, i, isWhole) - mean) * rstd
      // Term 1: dn; term 2: the mean moves with x; term 3: rstd moves with x; then the scale that the norm applied.
      let dval = (read(dnorm, i, isWhole) - dnormMean - norm * dnormNormMean) * rstd
      if accumulates { add(dval, to: dinp, i, isWhole) } else { write(dval, to: dinp, i, isWhole) }
    }
  }

  /// Calls `body` for each vector of a row; only the last may reach beyond it.
  @inline(__always)
  private func forEachVector(_ body: (_ first: Int, _ isWhole: Bool) -> Void) {
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
  private func write(_ value: Vector16, to p: UnsafeMutablePointer<Float>, _ i: Int, _ isWhole: Bool) {
    if isWhole { p[vector: i] = value } else { p.store(value, i, of: width) }
  }
  @inline(__always)
  private func add(_ value: Vector16, to p: UnsafeMutablePointer<Float>, _ i: Int, _ isWhole: Bool) {
    write(read(p, i, isWhole) + value, to: p, i, isWhole)
  }
}
