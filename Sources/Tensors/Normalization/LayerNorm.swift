extension Tensor {
  /// Rows of mean 0 and variance 1 along the last axis, then times `weight` plus `bias` (Ba et al. 2016,
  /// arXiv 1607.06450), then, with `modulation`, times 1 + scale plus shift (Peebles and Xie 2022, arXiv 2212.09748).
  ///
  /// self [..., width]; weight and bias [width] or nil; modulation have a row for one or more rows. The variance is the biased
  /// one. Nothing but mean and deviation of each row is kept for the way back.
  public func layerNorm(_ weight: Tensor?, _ bias: Tensor?, epsilon: Float, modulation: NormModulation? = nil) -> Tensor
  {
    let (normed, value) = NormedRows.made(self, weight, bias, epsilon: epsilon, modulation: modulation)
    let inputs = [self] + [weight, bias, modulation?.tensor].compactMap { $0 }
    let last = modulation == nil ? nil : inputs.count - 1
    return value.recordedAccumulating(inputs: inputs) { g, existingGradient in
      normed.back(g, onto: existingGradient(0), toTold: last.flatMap { existingGradient($0) })
    }
  }
}
