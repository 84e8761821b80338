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
  /// The graph of the loss is used up. A norm that is not finite moves nothing: the caller is told by the norm.
  public mutating func step(_ loss: Tensor, rate: Double) -> Double {
    let gradients = loss.gradients(of: parameters.map { $0() }, releasingGraph: true)
    let norm = Tensor.sumOfSquares(gradients).squareRoot()
    guard norm.isFinite else {
      for parameter in parameters { parameter.replace(parameter.value) }
      return norm
    }
    count += 1
    let scale = Float(AdamW.clipping(norm: norm, limit: clip))
    let steps: [AdamW.Step<Float>] = parameters.map { rule.step(count, rate: rate, decays: $0.decays) }
    // Taken from where they stand, so that nobody else holds them and they change in place.
    var lists = [parameters.map { $0.take() }, means, squares]
    (means, squares) = ([], [])
    Tensor.updateInPlace(&lists, reading: [gradients]) { chunk in
      let step = steps[chunk.index], g = chunk.inputs[0]
      let (p, m, v) = (chunk.outputs[0], chunk.outputs[1], chunk.outputs[2])
      for i in 0..<chunk.count { step.apply(&p[i], &m[i], &v[i], g[i] * scale) }
    }
    for (parameter, value) in zip(parameters, lists[0]) { parameter.replace(value) }
    (means, squares) = (lists[1], lists[2])
    return norm
  }

  /// Puts moments in place, as a checkpoint had them.
  public mutating func restore(means: [Tensor], squares: [Tensor], count: Int) {
    self.means = means
    self.squares = squares
    self.count = count
  }
}
