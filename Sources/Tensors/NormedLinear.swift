extension Tensor {
  /// A linear layer over normed rows, which are not kept: the way back norms them again, at the cost of one pass.
  ///
  /// The same numbers as `layerNorm(...)` and then `linear(weight, bias)`, with self [..., width] and weight
  /// [out, width]; see there for the norm.
  public func linear(
    afterNorm normWeight: Tensor?, _ normBias: Tensor?, epsilon: Float, by modulators: Modulators? = nil,
    _ weight: Tensor, _ bias: Tensor? = nil
  ) -> Tensor {
    let told = modulators?.tensor, (shift, scale) = (modulators?.shift ?? 0, modulators?.scale ?? 0)
    @Sendable func normed(_ x: Tensor, _ normWeight: Tensor?, _ normBias: Tensor?, _ told: Tensor?) -> Tensor {
      x.layerNorm(
        normWeight, normBias, epsilon: epsilon, by: told.map { Modulators($0, shift: shift, scale: scale) })
    }
    let value = normed(detached, normWeight?.detached, normBias?.detached, told?.detached)
      .linear(weight.detached, bias?.detached)
    let (outputs, inputs) = (weight.shape[0], weight.shape[1]), rows = count / Swift.max(1, inputs)
    let all = [self] + [normWeight, normBias, told].compactMap { $0 } + [weight] + (bias.map { [$0] } ?? [])
    let isTracked = (all.dropLast(bias == nil ? 1 : 2).contains { $0.isTracked }, weight.isTracked)
    return value.addingFrom(all) {
      [
        self = detached, normWeight = normWeight?.detached, normBias = normBias?.detached, told = told?.detached,
        weight = weight.detached, hasBias = bias != nil
      ] g, sofar in
      let again = normed(self.tracked, normWeight?.tracked, normBias?.tracked, told?.tracked)
      let toWeight =
        isTracked.1 ? Tensor.product(g, again, [rows, outputs], [rows, inputs], transposingFirst: true) : nil
      let toBias = hasBias ? g.columnSums(width: outputs) : nil
      guard let back = again.node?.backward else { preconditionFailure("a norm of tracked rows has a way back") }
      let toNorm: [Tensor?] =
        isTracked.0
        ? back(Tensor.product(g, weight, [rows, outputs], [outputs, inputs]).reshaped(self.shape), sofar)
        : Array(repeating: nil, count: all.count - (hasBias ? 2 : 1))
      return toNorm + (hasBias ? [toWeight, toBias] : [toWeight])
    }
  }
}
