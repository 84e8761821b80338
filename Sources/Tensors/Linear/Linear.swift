extension Tensor {
  /// A linear layer: self [..., in] times weight [out, in] transposed, plus bias [out], plus a residual [..., out]:
  /// [..., out].
  public func linear(_ weight: Tensor, _ bias: Tensor? = nil, onto residual: Tensor? = nil) -> Tensor {
    let layer = LinearLayer(self, weight, bias, residual: residual), requiresInputGradient = isTracked
    let value = layer.product(self, weight, bias, residual: residual)
    return value.recordedAccumulating(inputs: [self] + LinearLayer.operands(weight, bias, residual)) {
      [self = detached, weight = weight.detached] g, existingGradient in
      let input =
        requiresInputGradient
        ? Tensor.product(g.asMatrix(layer.rows, layer.outputs), weight.asMatrix(), onto: existingGradient(0)).reshaped(
          self.shape)
        : nil
      return [input] + layer.gradients(g, self, requiresBiasGradient: layer.requiresBiasGradient).ordered(for: layer)
    }
  }
}
