import Glibc
import Tensors

extension Tensor {
  /// The Euclidean norm of each row of [n, width] to a power, |x|^alpha: [n]. The gradient at zero is zero.
  func rowNorms(toThe alpha: Float) -> Tensor {
    let width = shape[1], alpha = Double(alpha)
    let value = Tensor.rowwise([self.detached], outputs: [1], cost: 4 * width + 40) { _, from, to in
      to[0][0] = Float(pow(squaredNorm(from[0], width), alpha / 2))
    }[0].reshaped([shape[0]])
    return value.recorded(inputs: [self]) { [self = detached] gradient in
      Tensor.rowwise([self, gradient.reshaped([self.shape[0], 1])], outputs: [width], cost: 6 * width + 40) {
        _, from, to in
        let squared = squaredNorm(from[0], width)
        // The derivative of |x|^alpha is alpha |x|^(alpha - 2) x.
        let factor = squared > 0 ? Double(from[1][0]) * alpha * pow(squared, alpha / 2 - 1) : 0
        for i in 0..<width { to[0][i] = Float(factor * Double(from[0][i])) }
      }
    }
  }
}

/// The sum of the squares of `width` numbers, in double precision.
private func squaredNorm(_ x: UnsafePointer<Float>, _ width: Int) -> Double {
  (0..<width).reduce(0) { $0 + Double(x[$1]) * Double(x[$1]) }
}
