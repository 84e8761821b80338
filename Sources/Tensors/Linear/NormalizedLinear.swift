extension Tensor {
  /// A linear layer over normalized rows: `layerNorm(...)` and then `linear(weight, bias)`.
  ///
  /// self [..., in], weight [out, in], bias [out]; result [..., out]. The normalized rows never lie in memory as a
  /// whole: they are computed while the product packs them, forward and once more backward.
  public func linear(
    afterNorm normWeight: Tensor?, _ normBias: Tensor?, epsilon: Float, modulation: NormModulation? = nil,
    _ weight: Tensor, _ bias: Tensor? = nil
  ) -> Tensor {
    let layer = LinearLayer(self, weight, bias, residual: nil)
    let inputs = [self] + [normWeight, normBias, modulation?.tensor].compactMap { $0 }, count = inputs.count
    let normalized = NormalizedRows(self, normWeight, normBias, epsilon: epsilon, modulation: modulation)
    let requiresInputGradient = inputs.contains { $0.isTracked }
    let value = layer.product(self, weight, bias, residual: nil, generator: normalized.generator)
    return value.recordedAccumulating(inputs: inputs + LinearLayer.operands(weight, bias, nil)) {
      [weight = weight.detached, isModulated = modulation != nil, shape] g, existingGradient in
      let others = layer.gradients(
        g, normalized.x, requiresBiasGradient: layer.hasBias, generator: normalized.generator)
      let normGradients: [Tensor?] =
        requiresInputGradient
        ? normalized.gradients(
          Tensor.product(g.asMatrix(layer.rows, layer.outputs), weight.asMatrix(), onto: nil).reshaped(shape),
          existingInputGradient: existingGradient(0),
          existingModulationGradient: isModulated ? existingGradient(count - 1) : nil
        ).ordered
        : Array(repeating: nil, count: count)
      return normGradients + others.ordered(for: layer)
    }
  }
}
