import Tensors

extension Tensor {
  /// Zeros in a random share of places, the rest scaled up so that the mean stays (Srivastava et al. 2014).
  public func dropped(_ share: Float, _ random: inout Random?) -> Tensor {
    guard share > 0, random != nil else { return self }
    return self * random!.uniform(shape, "dropout").kept(share)
  }

  /// Whole samples of a residual branch set to zero, the rest scaled up (stochastic depth; Huang et al. 2016,
  /// arXiv 1603.09382): self [batch, ...].
  public func pathDropped(_ share: Float, _ random: inout Random?) -> Tensor {
    guard share > 0, random != nil else { return self }
    let chances = random!.uniform([shape[0]], "drop-path")
    return self * chances.kept(share).reshaped([shape[0]] + Array(repeating: 1, count: shape.count - 1))
  }

  /// What to multiply by: 0 where a chance in [0, 1) is below `share`, else 1 / (1 - share).
  func kept(_ share: Float) -> Tensor {
    let kept = 1 / (1 - share)
    return Tensor.map([[self]], outputs: 1) { chunk in
      let (source, target) = (chunk.inputs[0], chunk.outputs[0])
      for i in 0..<chunk.count { target[i] = source[i] < share ? 0 : kept }
    }[0][0]
  }
}
