import Tensors

extension Tensor {
  /// Sets a random fraction `rate` of the elements to zero and multiplies the others by 1 / (1 - rate), so that the
  /// mean stays (Srivastava et al. 2014). `random` nil, outside training: returns self.
  public func dropout(_ rate: Float, _ random: inout Random?) -> Tensor {
    guard rate > 0, random != nil else { return self }
    return self * random!.uniform(shape, "dropout").dropoutFactors(rate)
  }

  /// Sets whole samples of a residual branch to zero and scales the others, as `dropout` does (stochastic depth; Huang
  /// et al. 2016, arXiv 1603.09382). self [batch, ...]; `random` nil: returns self.
  public func dropPath(_ rate: Float, _ random: inout Random?) -> Tensor {
    guard rate > 0, random != nil else { return self }
    let draws = random!.uniform([shape[0]], "drop-path")
    return self * draws.dropoutFactors(rate).reshaped([shape[0]] + Array(repeating: 1, count: shape.count - 1))
  }

  /// Returns the factors of dropout: 0 where a draw in [0, 1) is below `rate`, else 1 / (1 - rate).
  func dropoutFactors(_ rate: Float) -> Tensor {
    let scale = 1 / (1 - rate)
    return Tensor.map([[self]], outputs: 1) { chunk in
      let (source, target) = (chunk.inputs[0], chunk.outputs[0])
      for i in 0..<chunk.count { target[i] = source[i] < rate ? 0 : scale }
    }[0][0]
  }
}
