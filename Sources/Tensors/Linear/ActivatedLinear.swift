extension Tensor {
  /// A linear layer over activated scalars: `activated(activation)` and then `linear(weight, bias, onto: residual)`.
  ///
  /// self [..., in], weight [out, in], bias [out], residual [..., out]; result [..., out]. The activated scalars never
  /// lie in memory as a whole: they are computed while the product packs them, forward and once more backward.
  public func linear(
    afterActivation activation: Activation, _ weight: Tensor, _ bias: Tensor? = nil, onto residual: Tensor? = nil
  ) -> Tensor {
    let layer = LinearLayer(self, weight, bias, residual: residual), requiresInputGradient = isTracked,
      inputs = layer.inputs
    let source = UnsafePointer(buffer.pointer)
    let value = layer.product(
      self, weight, bias, residual: residual,
      generator: {
        activation.evaluate(source + ($0 * inputs + $1), $2, ahead: prefetchDistance($2, width: inputs), into: $3)
      })
    return value.recorded(inputs: [self] + LinearLayer.operands(weight, bias, residual)) {
      [self = detached, weight = weight.detached] g in
      let source = UnsafePointer(self.buffer.pointer)
      let input = requiresInputGradient ? Tensor(shape: self.shape, buffer: Buffer(count: self.count), node: nil) : nil
      if let target = input?.buffer.pointer {
        layer.inputGradient(g, weight, into: target) { rows, columns in
          let next = prefetchDistance(columns.count, width: inputs)
          for row in rows {
            let offset = row * inputs + columns.lowerBound, line = target + offset
            activation.multiplyByDerivative(source + offset, columns.count, ahead: next, line, into: line)
          }
        }
      }
      let others = layer.gradients(g, self, requiresBiasGradient: layer.requiresBiasGradient) {
        activation.evaluate(source + ($0 * inputs + $1), $2, ahead: prefetchDistance($2, width: inputs), into: $3)
      }
      return [input] + others.ordered(for: layer)
    }
  }
}
