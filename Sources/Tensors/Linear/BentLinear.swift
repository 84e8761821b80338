extension Tensor {
  /// A linear layer over the bent scalars, which never lie in memory as a whole: they are bent on their way into the
  /// product, and once more on the way back. Then base [..., out] is added, if there is one.
  public func linear(
    after activation: Activation, _ weight: Tensor, _ bias: Tensor? = nil, onto base: Tensor? = nil
  ) -> Tensor {
    let (outputs, inputs) = (weight.shape[0], weight.shape[1]), rows = count / Swift.max(1, inputs)
    let wanted = (isTracked, weight.isTracked, bias?.isTracked ?? false), has = (bias != nil, base != nil)
    let source = UnsafePointer(buffer.pointer), others = [bias, base].compactMap { $0 }
    let bent: ProductWay.Fill = {
      activation.bend(source + ($0 * inputs + $1), $2, ahead: prefetchDistance($2, width: inputs), into: $3)
    }
    return times(weight, bias, onto: base, ProductWay(left: bent)).from([self, weight] + others) {
      [self = detached, weight = weight.detached] g in
      let source = UnsafePointer(self.buffer.pointer)
      let toSelf = wanted.0 ? Tensor(shape: self.shape, buffer: Buffer(count: self.count), node: nil) : nil
      if let to = toSelf?.buffer.pointer {
        matrixProduct(
          rows, inputs, outputs, Matrix(pointer: g.buffer.pointer, stride: outputs),
          Matrix(pointer: weight.buffer.pointer, stride: inputs), into: to, stride: inputs,
          ProductWay(finish: { rows, columns in
            let next = prefetchDistance(columns.count, width: inputs)
            for row in rows {
              let at = row * inputs + columns.lowerBound, line = to + at
              activation.slope(source + at, columns.count, ahead: next, line, into: line)
            }
          }))
      }
      let (toWeight, toBias) = Tensor.layerGradients(g, self, outputs, inputs, wanted.1, wanted.2) {
        activation.bend(source + ($0 * inputs + $1), $2, ahead: prefetchDistance($2, width: inputs), into: $3)
      }
      return [toSelf, toWeight] + (has.0 ? [toBias] : []) + (has.1 ? [g] : [])
    }
  }
}
