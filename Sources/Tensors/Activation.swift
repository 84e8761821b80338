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

extension Tensor {
  /// Each scalar bent.
  public func activated(_ activation: Activation) -> Tensor {
    let value: Tensor =
      switch activation {
      case .gelu: map(cost: 6) { $0 * 0.5 * (1 + errorFunction($0 * 0.707_106_78).value) }
      case .geluTanh: map(cost: 6) { $0 * sigmoid(geluTanhArgument($0) * 2) }
      case .silu: map(cost: 5) { $0 * Tensors.sigmoid($0) }
      case .tanh: map(cost: 5) { Tensors.tanh($0) }
      case .sigmoid: map(cost: 5) { Tensors.sigmoid($0) }
      case .relu: map { wherePositive($0, $0) }
      }
    return value.from([self]) { [self = detached] in [self.slope(activation, $0)] }
  }

  /// x sigmoid(x) times a gate of the same shape (SwiGLU; Shazeer 2020, arXiv 2002.05202).
  public func siluTimes(_ gate: Tensor) -> Tensor {
    zip(gate, cost: 6) { $0 * Tensors.sigmoid($0) * $1 }.from([self, gate]) {
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

  /// A linear layer over the bent scalars, which are not kept: the way back bends them again, at once with the slope.
  public func linear(after activation: Activation, _ weight: Tensor, _ bias: Tensor? = nil) -> Tensor {
    let value = detached.activated(activation).linear(weight.detached, bias?.detached)
    let (outputs, inputs) = (weight.shape[0], weight.shape[1]), rows = count / Swift.max(1, inputs)
    let wanted = (isTracked, weight.isTracked, bias?.isTracked ?? false)
    return value.from([self, weight] + (bias.map { [$0] } ?? [])) { [self = detached, weight = weight.detached] g in
      let toBent = Tensor.product(g, weight, [rows, outputs], [outputs, inputs])
      let bent = self.bend(activation, slopesInto: toBent)
      let toWeight = wanted.1 ? Tensor.product(g, bent, [rows, outputs], [rows, inputs], transposingFirst: true) : nil
      let toBias = wanted.2 ? g.columnSums(width: outputs) : nil
      let toSelf = wanted.0 ? toBent.reshaped(self.shape) : nil
      return bias == nil ? [toSelf, toWeight] : [toSelf, toWeight, toBias]
    }
  }

  /// The bent scalars; `gradient`, which nobody else holds, is multiplied by the derivative in place.
  private func bend(_ activation: Activation, slopesInto gradient: Tensor) -> Tensor {
    switch activation {
    case .gelu:
      bend(gradient) { x in
        let (error, gauss) = errorFunction(x * 0.707_106_78), share = (1 + error) * 0.5
        return (x * share, share + x * gauss * 0.398_942_28)
      }
    case .geluTanh:
      bend(gradient) { x in
        let s = Tensors.sigmoid(geluTanhArgument(x) * 2)
        let inner: Lanes = x * x * 0.214_064_34 + 1.595_769_1
        return (x * s, s + x * s * (1 - s) * inner)
      }
    case .silu:
      bend(gradient) { x in
        let s = Tensors.sigmoid(x)
        return (x * s, s * (1 + x * (1 - s)))
      }
    case .tanh:
      bend(gradient) { x in
        let t = Tensors.tanh(x)
        return (t, 1 - t * t)
      }
    case .sigmoid:
      bend(gradient) { x in
        let s = Tensors.sigmoid(x)
        return (s, s * (1 - s))
      }
    case .relu:
      bend(gradient) { x in
        (wherePositive(x, x), wherePositive(x, Lanes(repeating: 1)))
      }
    }
  }

  @inline(__always)
  private func bend(_ gradient: Tensor, _ both: (Lanes) -> (value: Lanes, slope: Lanes)) -> Tensor {
    let result = Buffer(count: count), target = result.pointer, slopes = gradient.buffer.pointer
    let source = UnsafePointer(buffer.pointer)
    parallel((count + 15) / 16, cost: 128) { range in
      for i in range {
        let (value, slope) = both(source[lanes: 16 &* i])
        target[lanes: 16 &* i] = value
        slopes[lanes: 16 &* i] *= slope
      }
    }
    return Tensor(shape: shape, buffer: result, node: nil)
  }

  /// `gradient` times the derivative of the activation here.
  func slope(_ activation: Activation, _ gradient: Tensor) -> Tensor {
    switch activation {
    case .gelu: zip(gradient, cost: 7) { geluSlope($0) * $1 }
    case .geluTanh:
      zip(gradient, cost: 7) { x, g in
        let s = Tensors.sigmoid(geluTanhArgument(x) * 2)
        let inner: Lanes = x * x * 0.214_064_34 + 1.595_769_1  // 2 sqrt(2/pi) (1 + 3 * 0.044715 x^2)
        return g * (s + x * s * (1 - s) * inner)
      }
    case .silu:
      zip(gradient, cost: 6) { x, g in
        let s = sigmoid(x)
        return g * s * (1 + x * (1 - s))
      }
    case .tanh:
      zip(gradient, cost: 5) { x, g in
        let t = Tensors.tanh(x)
        return g * (1 - t * t)
      }
    case .sigmoid:
      zip(gradient, cost: 5) { x, g in
        let s = Tensors.sigmoid(x)
        return g * s * (1 - s)
      }
    case .relu: zip(gradient) { wherePositive($0, $1) }
    }
  }
}

/// sqrt(2/pi) (x + 0.044715 x^3); 0.5 (1 + tanh y) = sigmoid(2 y).
@inline(__always) private func geluTanhArgument(_ x: Lanes) -> Lanes { (x + x * x * x * 0.044_715) * 0.797_884_56 }

/// Phi(x) + x phi(x).
@inline(__always)
private func geluSlope(_ x: Lanes) -> Lanes {
  let (error, gauss) = errorFunction(x * 0.707_106_78)
  return (1 + error) * 0.5 + x * gauss * 0.398_942_28
}
