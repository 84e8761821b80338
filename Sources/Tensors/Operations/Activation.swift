import COpenBLAS

/// The nonlinear function between two linear layers, applied elementwise.
public enum Activation: String, CaseIterable, Sendable {
  /// x Phi(x) with the error function, the exact form (Hendrycks and Gimpel 2016, arXiv 1606.08415).
  case gelu
  /// The approximation of GELU 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))), of the same paper.
  case geluTanh = "gelu-tanh"
  /// x sigmoid(x), also called swish (Elfwing et al. 2017, arXiv 1702.03118).
  case silu
  /// The hyperbolic tangent.
  case tanh
  /// 1 / (1 + exp(-x)).
  case sigmoid
  /// max(x, 0); the derivative at 0 is 0.
  case relu
}

/// An activation and its derivative, on sixteen scalars at once.
protocol ActivationKernel {
  /// f(x)
  static func value(_ x: Vector16) -> Vector16
  /// f'(x)
  static func derivative(_ x: Vector16) -> Vector16
}

private enum Gelu: ActivationKernel {
  @inline(__always) static func value(_ x: Vector16) -> Vector16 {
    let half = x * 0.5
    return multiplyAdd(half, errorFunction(x * 0.707_106_78).value, half)
  }
  /// Phi(x) + x phi(x)
  @inline(__always) static func derivative(_ x: Vector16) -> Vector16 {
    let (error, gauss) = errorFunction(x * 0.707_106_78), half = Vector16(repeating: 0.5)
    return multiplyAdd(x * 0.398_942_28, gauss, multiplyAdd(error, half, half))
  }
}

/// 0.5 x (1 + tanh y) = x sigmoid(2 y), where 2 y = 2 sqrt(2 / pi) (x + 0.044715 x^3).
private enum GeluTanh: ActivationKernel {
  @inline(__always) private static func sigmoidOfInner(_ x: Vector16) -> Vector16 {
    sigmoid((x + x * x * x * 0.044_715) * 1.595_769_1)
  }
  @inline(__always) static func value(_ x: Vector16) -> Vector16 { x * sigmoidOfInner(x) }
  @inline(__always) static func derivative(_ x: Vector16) -> Vector16 {
    // With s = sigmoid(2 y): s + x s (1 - s) (2 y)'.
    // inner = (2 y)' = 2 sqrt(2 / pi) (1 + 3 * 0.044715 x^2)
    let s = sigmoidOfInner(x), inner: Vector16 = x * x * 0.214_064_34 + 1.595_769_1
    return multiplyAdd(x * s * (1 - s), inner, s)
  }
}

/// x sigmoid(x); derivative s + x s (1 - s) with s = sigmoid(x).
enum Silu: ActivationKernel {
  @inline(__always) static func value(_ x: Vector16) -> Vector16 { x * sigmoid(x) }
  @inline(__always) static func derivative(_ x: Vector16) -> Vector16 {
    let s = sigmoid(x)
    return multiplyAdd(x * s, 1 - s, s)
  }
}

private enum Tanh: ActivationKernel {
  @inline(__always) static func value(_ x: Vector16) -> Vector16 { tanh(x) }
  @inline(__always) static func derivative(_ x: Vector16) -> Vector16 {
    let t = tanh(x)
    return 1 - t * t
  }
}

private enum Sigmoid: ActivationKernel {
  @inline(__always) static func value(_ x: Vector16) -> Vector16 { sigmoid(x) }
  @inline(__always) static func derivative(_ x: Vector16) -> Vector16 {
    let s = sigmoid(x)
    return s * (1 - s)
  }
}

private enum Relu: ActivationKernel {
  @inline(__always) static func value(_ x: Vector16) -> Vector16 { wherePositive(x, x) }
  @inline(__always) static func derivative(_ x: Vector16) -> Vector16 { wherePositive(x, Vector16(repeating: 1)) }
}

/// A loop over scalars that is specialized for each activation kernel.
private protocol ActivationKernelUse {
  func callAsFunction<B: ActivationKernel>(_: B.Type)
}

extension Activation {
  /// Calls `body` with the kernel of this activation: one branch per call, none per scalar.
  @inline(__always)
  private func use(_ body: some ActivationKernelUse) {
    switch self {
    case .gelu: body(Gelu.self)
    case .geluTanh: body(GeluTanh.self)
    case .silu: body(Silu.self)
    case .tanh: body(Tanh.self)
    case .sigmoid: body(Sigmoid.self)
    case .relu: body(Relu.self)
    }
  }

  /// Writes f(x) of `count` scalars; prefetches the scalars `ahead` of each vector.
  func evaluate(
    _ source: UnsafePointer<Float>, _ count: Int, ahead: Int = 512, into target: UnsafeMutablePointer<Float>
  ) {
    use(ActivationForward(source: source, count: count, ahead: ahead, target: target))
  }

  /// Writes `gradient` times f'(x) at `count` scalars x; the target may be the gradient itself.
  func multiplyByDerivative(
    _ source: UnsafePointer<Float>, _ count: Int, ahead: Int = 512, _ gradient: UnsafePointer<Float>,
    into target: UnsafeMutablePointer<Float>
  ) {
    use(ActivationBackward(source: source, count: count, ahead: ahead, gradient: gradient, target: target))
  }
}

private struct ActivationForward: ActivationKernelUse {
  let source: UnsafePointer<Float>, count: Int, ahead: Int, target: UnsafeMutablePointer<Float>

  func callAsFunction<B: ActivationKernel>(_: B.Type) {
    let whole = count & ~15
    for i in Swift.stride(from: 0, to: whole, by: 16) {
      overtone_prefetch(source + (i &+ ahead))
      target[vector: i] = B.value(source[vector: i])
    }
    if whole < count { target.store(B.value(source.vector(whole, of: count)), whole, of: count) }
  }
}

private struct ActivationBackward: ActivationKernelUse {
  let source: UnsafePointer<Float>, count: Int, ahead: Int, gradient: UnsafePointer<Float>
  let target: UnsafeMutablePointer<Float>

  func callAsFunction<B: ActivationKernel>(_: B.Type) {
    let whole = count & ~15
    for i in Swift.stride(from: 0, to: whole, by: 16) {
      overtone_prefetch(source + (i &+ ahead))
      target[vector: i] = gradient[vector: i] * B.derivative(source[vector: i])
    }
    guard whole < count else { return }
    target.store(gradient.vector(whole, of: count) * B.derivative(source.vector(whole, of: count)), whole, of: count)
  }
}

extension Tensor {
  /// Applies an activation elementwise.
  public func activated(_ activation: Activation) -> Tensor {
    let value = Tensor(unfilled: shape) { target in
      let target = target.baseAddress!, source = buffer.pointer
      parallel(count, cost: 6, unit: 16) {
        activation.evaluate(source + $0.lowerBound, $0.count, into: target + $0.lowerBound)
      }
    }
    return value.recorded(inputs: [self]) { [self = detached] g in
      [
        Tensor(unfilled: self.shape) { target in
          let target = target.baseAddress!, source = self.buffer.pointer, g = g.buffer.pointer
          parallel(self.count, cost: 7, unit: 16) {
            activation.multiplyByDerivative(
              source + $0.lowerBound, $0.count, g + $0.lowerBound, into: target + $0.lowerBound)
          }
        }
      ]
    }
  }
}
