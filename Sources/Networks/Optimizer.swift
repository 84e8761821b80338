import Tensors

/// AdamW over all parameters of a module, with clipping by the joint norm of the gradients.
public struct Optimizer: Sendable {
  public let rule: AdamW
  public let clip: Double
  public let parameters: [Parameter]
  /// Running moments, as many as parameters.
  public private(set) var means: [Tensor]
  public private(set) var squares: [Tensor]
  /// Steps taken.
  public private(set) var count = 0

  public init(_ parameters: [Parameter], rule: AdamW, clip: Double) {
    self.parameters = parameters
    self.rule = rule
    self.clip = clip
    means = parameters.map { Tensor(zeros: $0.value.shape) }
    squares = means
  }

  /// One step down the gradient of `loss`, one number. Gives the joint norm of the gradients before clipping.
  ///
  /// A norm that is not finite moves nothing: the caller is told by the norm.
  public mutating func step(_ loss: Tensor, rate: Double) -> Double {
    let gradients = loss.gradients(of: parameters.map { $0() })
    var total = 0.0
    for gradient in gradients { total += Double(gradient.squared.sum.scalar) }
    let norm = total.squareRoot()
    guard norm.isFinite else {
      for parameter in parameters { parameter.replace(parameter.value) }
      return norm
    }
    count += 1
    let scale = Float(AdamW.clipping(norm: norm, limit: clip))
    for (index, parameter) in parameters.enumerated() {
      let step: AdamW.Step<Float> = rule.step(count, rate: rate, decays: parameter.decays)
      let (p, m, v) = Self.moved(parameter.value, means[index], squares[index], gradients[index], scale, step)
      parameter.replace(p)
      means[index] = m
      squares[index] = v
    }
    return norm
  }

  /// Puts moments in place, as a checkpoint had them.
  public mutating func restore(means: [Tensor], squares: [Tensor], count: Int) {
    self.means = means
    self.squares = squares
    self.count = count
  }

  private static func moved(
    _ p: Tensor, _ m: Tensor, _ v: Tensor, _ g: Tensor, _ scale: Float, _ step: AdamW.Step<Float>
  ) -> (Tensor, Tensor, Tensor) {
    var mean = m, square = v
    let parameter = Tensor(unfilled: p.shape) { newP in
      mean = Tensor(unfilled: p.shape) { newM in
        square = Tensor(unfilled: p.shape) { newV in
          p.withUnsafeScalars { p in
            m.withUnsafeScalars { m in
              v.withUnsafeScalars { v in
                g.withUnsafeScalars { g in
                  for i in p.indices {
                    var (x, first, second) = (p[i], m[i], v[i])
                    step.apply(&x, &first, &second, g[i] * scale)
                    newP[i] = x
                    newM[i] = first
                    newV[i] = second
                  }
                }
              }
            }
          }
        }
      }
    }
    return (parameter, mean, square)
  }
}
