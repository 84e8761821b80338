import Tensors

/// AdamW over all parameters of a module, with the gradients clipped by their joint norm.
public struct Optimizer: Sendable {
  /// The update rule and its coefficients.
  public let rule: AdamW
  /// The largest joint norm of gradients; 0: no clipping.
  public let clip: Double
  /// The parameters that steps update.
  public let parameters: [Parameter]
  /// True where weight decay applies, in the order of the parameters.
  public let decays: [Bool]
  /// Running means of gradients, in the order of the parameters.
  public private(set) var means: [Tensor]
  /// Running means of squared gradients, in the order of the parameters.
  public private(set) var squares: [Tensor]
  /// The number of steps taken.
  public private(set) var count = 0
  /// The gradients of the last step, in the order of the parameters, where their norm was not finite; else none.
  public private(set) var refusedGradients: [Tensor] = []

  /// An optimizer before its first step: all moments are zero. `decays` nil: weight decay applies to what is usual.
  public init(_ parameters: [Parameter], rule: AdamW, clip: Double, decays: [Bool]? = nil) {
    self.parameters = parameters
    self.decays = decays ?? parameters.map { !Parameter.Role.usuallyUndecayed.contains($0.role) }
    self.rule = rule
    self.clip = clip
    means = parameters.map { Tensor(zeros: $0.value.shape) }
    squares = means
  }

  /// Takes one step down the gradient of `loss`, a scalar, and returns the joint norm of the gradients before clipping.
  ///
  /// Releases the graph of the loss. Where the norm is not finite nothing is updated: the caller sees it by the result,
  /// and finds the gradients in `refusedGradients`.
  /// `weightDecay` replaces that of the rule where it is given.
  public mutating func step(_ loss: Tensor, rate: Double, weightDecay: Double? = nil) -> Double {
    let gradients = loss.gradients(of: parameters.map { $0() }, releasingGraph: true)
    let norm = Self.jointNorm(gradients)
    guard norm.isFinite else {
      for parameter in parameters { parameter.replace(parameter.value) }
      refusedGradients = gradients
      return norm
    }
    count += 1
    let scale = Float(AdamW.clipping(norm: norm, limit: clip))
    var rule = rule
    rule.weightDecay = weightDecay ?? rule.weightDecay
    let steps: [AdamW.Step<Float>] = decays.map { rule.step(count, rate: rate, decays: $0) }
    // Values are moved out of the parameters, so that no other reference exists and they are updated in place.
    var lists = [parameters.map { $0.take() }, means, squares]
    (means, squares) = ([], [])
    Tensor.updateInPlace(&lists, reading: [gradients]) { chunk in
      let step = steps[chunk.index], g = chunk.inputs[0]
      let (p, m, v) = (chunk.outputs[0], chunk.outputs[1], chunk.outputs[2])
      for i in 0..<chunk.count { step.apply(g[i] * scale, to: &p[i], mean: &m[i], square: &v[i]) }
    }
    for (parameter, value) in zip(parameters, lists[0]) { parameter.replace(value) }
    (means, squares) = (lists[1], lists[2])
    return norm
  }

  /// Returns the joint norm of gradients. Where squares lie beyond the range of Float32, as after a stack of norms over
  /// tokens that are all zero, they are summed in Float64: such gradients are clipped, and no divergence.
  private static func jointNorm(_ gradients: [Tensor]) -> Double {
    let norm = Tensor.sumOfSquares(gradients).squareRoot()
    guard !norm.isFinite else { return norm }
    return gradients.reduce(0.0) { sum, gradient in
      gradient.withUnsafeScalars { $0.reduce(sum) { $0 + Double($1) * Double($1) } }
    }.squareRoot()
  }

  /// Sets the moments and the number of steps of a checkpoint.
  public mutating func restore(means: [Tensor], squares: [Tensor], count: Int) {
    self.means = means
    self.squares = squares
    self.count = count
  }
}
