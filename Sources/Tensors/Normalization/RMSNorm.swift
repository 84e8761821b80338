import COpenBLAS

extension Tensor {
  /// Divides each row by its root mean square along the last axis, then multiplies by `weight` [width]: x * rrms *
  /// weight with rrms = 1 / sqrt(mean(x^2) + epsilon) (Zhang and Sennrich 2019, arXiv 1910.07467). self and result
  /// [..., width].
  public func rmsNorm(_ weight: Tensor, epsilon: Float) -> Tensor {
    scaledRows(weight) { squares, width in 1 / (squares / Float(width) + epsilon).squareRoot() }
  }

  /// Divides each row by its Euclidean norm along the last axis: x / max(|x|, epsilon). self and result [..., width].
  public func normalized(epsilon: Float = 1e-12) -> Tensor {
    scaledRows(nil) { squares, _ in
      let norm = squares.squareRoot()
      return norm < epsilon ? -1 / epsilon : 1 / norm
    }
  }

  /// Multiplies each row by its inverse norm, and by `weight` [width] if there is one.
  ///
  /// `inverseNorm` computes s from the sum of squares and the width, such that ds/dx = -s^3 x / m, where m is the
  /// width for a mean (with a weight) and 1 for a sum (without). A negative number stands for its magnitude as a
  /// constant.
  private func scaledRows(_ weight: Tensor?, _ inverseNorm: (Float, Int) -> Float) -> Tensor {
    let width = shape.last ?? 1, rows = count / Swift.max(1, width)
    let inverseNorms = Buffer(count: rows), source = UnsafePointer(buffer.pointer)
    let value = Tensor(unfilled: shape) { target in
      let target = target.baseAddress!, w = weight?.buffer.pointer
      parallel(rows, cost: width / 2) { range in
        for row in range {
          let x = source + row &* width, y = target + row &* width
          // Compute statistics.
          let signed = inverseNorm(rowSum(x, width) { $0 * $0 }, width), scale = abs(signed)
          inverseNorms.pointer[row] = signed
          // Normalize and scale.
          var i = 0
          while i < width {
            var n = x.vector(i, of: width) * scale
            if let w { n *= w.vector(i, of: width) }
            y.store(n, i, of: width)
            i &+= 16
          }
        }
      }
    }
    let rowNorm = RowNorm(inp: detached, weight: weight?.detached, width: width, rows: rows)
    return value.recordedAccumulating(inputs: [self] + (weight.map { [$0] } ?? [])) { g, existingGradient in
      rowNorm.backward(g, inverseNorms, existingInputGradient: existingGradient(0))
    }
  }
}

/// Rows [rows, width] that are multiplied by their inverse norms.
private struct RowNorm: Sendable {
  /// [..., width]
  let inp: Tensor
  /// [width]
  let weight: Tensor?
  let width: Int, rows: Int

  /// The gradients of the rows and of the weight, if there is one.
  ///
  /// With y = x s w and ds/dx = -s^3 x / m: dw += g x s and dx = s (g w - x s^2 (g w x) / m), the dot product over a
  /// row.
  func backward(_ g: Tensor, _ inverseNorms: Buffer, existingInputGradient: Tensor?) -> [Tensor?] {
    let parts = Swift.max(1, Swift.min(16, rows / 64)), rowsPerPart = (rows + parts - 1) / parts
    // The gradient of the weight, summed over the rows of each part, then over the parts in order.
    let sums = Tensor(zeros: [parts, width]), w = weight?.buffer.pointer, m = weight == nil ? 1 : Float(width)
    let accumulates = existingInputGradient != nil
    let gradient = existingInputGradient ?? Tensor(shape: inp.shape, buffer: Buffer(count: inp.count), node: nil)
    let target = gradient.buffer.pointer, x = UnsafePointer(inp.buffer.pointer), g = UnsafePointer(g.buffer.pointer)
    parallel(parts, cost: rowsPerPart * width) { range in
      for part in range {
        let dweight = sums.buffer.pointer + part * width
        for row in Swift.min(rows, part * rowsPerPart)..<Swift.min(rows, (part + 1) * rowsPerPart) {
          let x = x + row &* width, dout = g + row &* width, dinp = target + row &* width
          let signed = inverseNorms.pointer[row], scale = abs(signed)
          var dot = Vector16(repeating: 0), i = 0
          while i < width {
            let product = dout.vector(i, of: width) * x.vector(i, of: width)
            if let w {
              dweight.store(dweight.vector(i, of: width) + product * scale, i, of: width)
              dot += product * w.vector(i, of: width)
            } else {
              dot += product
            }
            i &+= 16
          }
          // The part of the gradient along the row, which the norm removes.
          let projection = signed < 0 ? 0 : overtone_reduce_add(dot) * scale * scale / m
          i = 0
          while i < width {
            var dval = dout.vector(i, of: width)
            if let w { dval *= w.vector(i, of: width) }
            dval = (dval - x.vector(i, of: width) * projection) * scale
            if accumulates { dval += dinp.vector(i, of: width) }
            dinp.store(dval, i, of: width)
            i &+= 16
          }
        }
      }
    }
    return weight == nil ? [gradient] : [gradient, sums.columnSums(width: width)]
  }
}
