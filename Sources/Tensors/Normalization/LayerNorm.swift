extension Tensor {
  /// Layer norm along the last axis, n = (x - mean) * rstd, y = n * weight + bias (Ba et al. 2016, arXiv 1607.06450),
  /// then, with a modulation, y * (1 + scale) + shift (Peebles and Xie 2022, arXiv 2212.09748).
  ///
  /// self and result [..., width]; weight and bias [width] or nil; rstd = 1 / sqrt(variance + epsilon) with the biased
  /// variance. An entry of the modulation serves one row or several successive ones. Of the forward pass only mean
  /// and rstd of each row are kept.
  public func layerNorm(_ weight: Tensor?, _ bias: Tensor?, epsilon: Float, modulation: NormModulation? = nil) -> Tensor
  {
    let normalized = NormalizedRows(self, weight, bias, modulation: modulation)
    let value = normalized.value(epsilon: epsilon)
    let inputs = [self] + [weight, bias, modulation?.tensor].compactMap { $0 }
    let last = modulation == nil ? nil : inputs.count - 1
    return value.recordedAccumulating(inputs: inputs) { g, existingGradient in
      normalized.gradients(
        g, existingInputGradient: existingGradient(0),
        existingModulationGradient: last.flatMap { existingGradient($0) }
      ).ordered
    }
  }
}

/// The gradients of a layer norm; nil where there is no such operand.
struct LayerNormGradients {
  var input: Tensor?, weight: Tensor?, bias: Tensor?, modulation: Tensor?

  /// Those of the operands that there are, in the order input, weight, bias, modulation.
  var ordered: [Tensor?] {
    let others: [Tensor] = [weight, bias, modulation].compactMap { $0 }
    return [input] + others
  }
}
