extension Tensor {
  /// A linear layer over normed rows, which never lie in memory as a whole: they are normed on their way into the product,
  /// and once more on the way back.
  ///
  /// The same numbers as `layerNorm(...)` and then `linear(weight, bias)`, with self [..., width] and weight
  /// [out, width]; see there for the norm.
  public func linear(
    afterNorm normWeight: Tensor?, _ normBias: Tensor?, epsilon: Float, by modulators: Modulators? = nil,
    _ weight: Tensor, _ bias: Tensor? = nil
  ) -> Tensor {
    let (outputs, inputs) = (weight.shape[0], weight.shape[1]), rows = count / Swift.max(1, inputs)
    let normers = [self] + [normWeight, normBias, modulators?.tensor].compactMap { $0 }
    let all = normers + [weight] + (bias.map { [$0] } ?? [])
    let normed = NormedRows(self, normWeight, normBias, epsilon: epsilon, by: modulators)
    let wanted = (normers.contains { $0.isTracked }, weight.isTracked), count = normers.count
    return times(weight, bias, ProductWay(left: normed.fill)).addingFrom(all) {
      [weight = weight.detached, hasBias = bias != nil, isTold = modulators != nil, shape] g, sofar in
      let (toWeight, toBias) = Tensor.layerGradients(g, normed.x, outputs, inputs, wanted.1, hasBias, normed.fill)
      let toNorm: [Tensor?] =
        wanted.0
        ? normed.back(
          Tensor.product(g, weight, [rows, outputs], [outputs, inputs]).reshaped(shape),
          onto: sofar(0), toTold: isTold ? sofar(count - 1) : nil)
        : Array(repeating: nil, count: count)
      return toNorm + (hasBias ? [toWeight, toBias] : [toWeight])
    }
  }
}
