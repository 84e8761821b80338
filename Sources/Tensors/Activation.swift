import COpenBLAS

/// The bends between linear layers.
public enum Activation: String, CaseIterable, Sendable {
  /// x Phi(x) with the error function, the exact form (Hendrycks and Gimpel 2016, arXiv 1606.08415).
  case gelu
  /// The same with Phi replaced by a tanh.
  case geluTanh = "gelu-tanh"
  /// x sigmoid(x), also called swish (Elfwing et al. 2017, arXiv 1702.03118).
  case silu
  case tanh
  case sigmoid
  case relu
}

/// A bend and its derivative, sixteen numbers at once.
private protocol Bend {
  static func value(_ x: Lanes) -> Lanes
  static func slope(_ x: Lanes) -> Lanes
}

private enum Gelu: Bend {
  @inline(__always) static func value(_ x: Lanes) -> Lanes {
    let half = x * 0.5
    return multiplyAdd(half, errorFunction(x * 0.707_106_78), half)
  }
  /// Phi(x) + x phi(x)
  @inline(__always) static func slope(_ x: Lanes) -> Lanes {
    let half = Lanes(repeating: 0.5), share = multiplyAdd(errorFunction(x * 0.707_106_78), half, half)
    return multiplyAdd(x * 0.398_942_28, exp(x * x * -0.5), share)
  }
}

/// 0.5 x (1 + tanh y) = x sigmoid(2 y), where y = sqrt(2/pi) (x + 0.044715 x^3).
private enum GeluTanh: Bend {
  @inline(__always) private static func share(_ x: Lanes) -> Lanes {
    sigmoid((x + x * x * x * 0.044_715) * 1.595_769_1)
  }
  @inline(__always) static func value(_ x: Lanes) -> Lanes { x * share(x) }
  @inline(__always) static func slope(_ x: Lanes) -> Lanes {
    let s = share(x), inner: Lanes = x * x * 0.214_064_34 + 1.595_769_1  // 2 sqrt(2/pi) (1 + 3 * 0.044715 x^2)
    return multiplyAdd(x * s * (1 - s), inner, s)
  }
}

private enum Silu: Bend {
  @inline(__always) static func value(_ x: Lanes) -> Lanes { x * sigmoid(x) }
  @inline(__always) static func slope(_ x: Lanes) -> Lanes {
    let s = sigmoid(x)
    return multiplyAdd(x * s, 1 - s, s)
  }
}

private enum Tanh: Bend {
  @inline(__always) static func value(_ x: Lanes) -> Lanes { tanh(x) }
  @inline(__always) static func slope(_ x: Lanes) -> Lanes {
    let t = tanh(x)
    return 1 - t * t
  }
}

private enum Sigmoid: Bend {
  @inline(__always) static func value(_ x: Lanes) -> Lanes { sigmoid(x) }
  @inline(__always) static func slope(_ x: Lanes) -> Lanes {
    let s = sigmoid(x)
    return s * (1 - s)
  }
}

private enum Relu: Bend {
  @inline(__always) static func value(_ x: Lanes) -> Lanes { wherePositive(x, x) }
  @inline(__always) static func slope(_ x: Lanes) -> Lanes { wherePositive(x, Lanes(repeating: 1)) }
}

/// What is done to numbers with a bend, whichever it is.
private protocol BendUse {
  func callAsFunction<B: Bend>(_: B.Type)
}

extension Activation {
  @inline(__always)
  private func use(_ body: some BendUse) {
    switch self {
    case .gelu: body(Gelu.self)
    case .geluTanh: body(GeluTanh.self)
    case .silu: body(Silu.self)
    case .tanh: body(Tanh.self)
    case .sigmoid: body(Sigmoid.self)
    case .relu: body(Relu.self)
    }
  }

  /// Bends `count` numbers; asks for those `ahead`, which come next.
  func bend(
    _ source: UnsafePointer<Float>, _ count: Int, ahead: Int = 512, into target: UnsafeMutablePointer<Float>
  ) {
    use(Bending(source: source, count: count, ahead: ahead, target: target))
  }

  /// Writes `gradient` times the derivative at `count` numbers; the target may be the gradient itself.
  func slope(
    _ source: UnsafePointer<Float>, _ count: Int, ahead: Int = 512, _ gradient: UnsafePointer<Float>,
    into target: UnsafeMutablePointer<Float>
  ) {
    use(Sloping(source: source, count: count, ahead: ahead, gradient: gradient, target: target))
  }
}

private struct Bending: BendUse {
  let source: UnsafePointer<Float>, count: Int, ahead: Int, target: UnsafeMutablePointer<Float>

  func callAsFunction<B: Bend>(_: B.Type) {
    let whole = count & ~15
    for i in Swift.stride(from: 0, to: whole, by: 16) {
      overtone_prefetch(source + (i &+ ahead))
      target[lanes: i] = B.value(source[lanes: i])
    }
    if whole < count { target.store(B.value(source.lanes(whole, of: count)), whole, of: count) }
  }
}

private struct Sloping: BendUse {
  let source: UnsafePointer<Float>, count: Int, ahead: Int, gradient: UnsafePointer<Float>
  let target: UnsafeMutablePointer<Float>

  func callAsFunction<B: Bend>(_: B.Type) {
    let whole = count & ~15
    for i in Swift.stride(from: 0, to: whole, by: 16) {
      overtone_prefetch(source + (i &+ ahead))
      target[lanes: i] = gradient[lanes: i] * B.slope(source[lanes: i])
    }
    guard whole < count else { return }
    target.store(gradient.lanes(whole, of: count) * B.slope(source.lanes(whole, of: count)), whole, of: count)
  }
}

/// Floats from one to what comes half a thousand later where `count` of every `width` are read, row after row.
@inline(__always)
func ahead(of count: Int, width: Int) -> Int { Swift.max(1, 512 / Swift.max(1, count)) &* width }

extension Tensor {
  /// Each scalar bent.
  public func activated(_ activation: Activation) -> Tensor {
    let value = Tensor(unfilled: shape) { target in
      let target = target.baseAddress!, source = buffer.pointer
      parallel(count, cost: 6, unit: 16) {
        activation.bend(source + $0.lowerBound, $0.count, into: target + $0.lowerBound)
      }
    }
    return value.from([self]) { [self = detached] g in
      [
        Tensor(unfilled: self.shape) { target in
          let target = target.baseAddress!, source = self.buffer.pointer, g = g.buffer.pointer
          parallel(self.count, cost: 7, unit: 16) {
            activation.slope(source + $0.lowerBound, $0.count, g + $0.lowerBound, into: target + $0.lowerBound)
          }
        }
      ]
    }
  }

  /// x sigmoid(x) times a gate of the same shape (SwiGLU; Shazeer 2020, arXiv 2002.05202).
  public func siluTimes(_ gate: Tensor) -> Tensor {
    precondition(shape == gate.shape, "shapes \(shape) and \(gate.shape) differ")
    let value = Tensor(unfilled: shape) { target in
      let target = target.baseAddress!, x = buffer.pointer, y = gate.buffer.pointer
      parallel((count + 15) / 16, cost: 96) { range in
        for i in range { target[lanes: 16 &* i] = Silu.value(x[lanes: 16 &* i]) * y[lanes: 16 &* i] }
      }
    }
    return value.from([self, gate]) {
      [self = detached, gate = gate.detached] g in
      let toSelf = Buffer(count: self.count), toGate = Buffer(count: self.count)
      let (a, b) = (toSelf.pointer, toGate.pointer)
      let (x, y, slope) = (self.buffer.pointer, gate.buffer.pointer, g.buffer.pointer)
      parallel((self.count + 15) / 16, cost: 128) { range in
        for i in range {
          let at = 16 &* i, x = x[lanes: at], g = slope[lanes: at], s = Tensors.sigmoid(x)
          a[lanes: at] = g * y[lanes: at] * s * (1 + x * (1 - s))
          b[lanes: at] = g * x * s
        }
      }
      return [toSelf, toGate].map { Tensor(shape: self.shape, buffer: $0, node: nil) }
    }
  }

  /// A linear layer over the bent scalars, which never lie in memory as a whole: they are bent on their way into the
  /// product, and once more on the way back.
  public func linear(after activation: Activation, _ weight: Tensor, _ bias: Tensor? = nil) -> Tensor {
    let (outputs, inputs) = (weight.shape[0], weight.shape[1]), rows = count / Swift.max(1, inputs)
    let wanted = (isTracked, weight.isTracked, bias?.isTracked ?? false)
    guard wanted.0 || wanted.1 || rows > Panels.fewRows else { return activated(activation).linear(weight, bias) }
    let source = UnsafePointer(buffer.pointer)
    let bent: ProductWay.Fill = {
      activation.bend(source + ($0 * inputs + $1), $2, ahead: ahead(of: $2, width: inputs), into: $3)
    }
    return times(weight, bias, ProductWay(left: bent)).from([self, weight] + (bias.map { [$0] } ?? [])) {
      [self = detached, weight = weight.detached] g in
      let source = UnsafePointer(self.buffer.pointer)
      let toSelf = wanted.0 ? Tensor(shape: self.shape, buffer: Buffer(count: self.count), node: nil) : nil
      if let to = toSelf?.buffer.pointer {
        matrixProduct(
          rows, inputs, outputs, Matrix(pointer: g.buffer.pointer, stride: outputs),
          Matrix(pointer: weight.buffer.pointer, stride: inputs), into: to, stride: inputs,
          ProductWay(finish: { rows, columns in
            for row in rows {
              let at = row * inputs + columns.lowerBound, line = to + at
              let next = ahead(of: columns.count, width: inputs)
              activation.slope(source + at, columns.count, ahead: next, line, into: line)
            }
          }))
      }
      let (toWeight, toBias) = Tensor.layerGradients(g, self, outputs, inputs, wanted.1, wanted.2) {
        activation.bend(source + ($0 * inputs + $1), $2, ahead: ahead(of: $2, width: inputs), into: $3)
      }
      return bias == nil ? [toSelf, toWeight] : [toSelf, toWeight, toBias]
    }
  }
}
