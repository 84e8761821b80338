import Tensors
import Testing

/// The gradient of a random projection of `f` at `x`.
private func gradient(_ x: Tensor, _ f: (Tensor) -> Tensor) -> Tensor {
  let tracked = x.tracked, out = f(tracked)
  return (out * numbers(out.shape, 99)).sum.gradients(of: [tracked])[0]
}

/// The largest dot product of corresponding rows of two matrices.
private func largestRowDot(_ a: Tensor, _ b: Tensor) -> Float {
  (a * b).sum(axis: 1).scalars.map(abs).max() ?? 0
}

/// Properties of norms that follow from what does not change their results.
@Suite struct NormLawTests {
  @Test("the gradient of a layer norm sums to zero, and has no part along the row", arguments: [7, 64, 130])
  func layerNormGradient(_ width: Int) {
    let x = numbers([70, width], 1), g = gradient(x) { $0.layerNorm(numbers([width], 2), nil, epsilon: 1e-9) }
    #expect(g.sum(axis: 1).scalars.allSatisfy { abs($0) < 1e-4 })
    #expect(largestRowDot(g, slowNormalized(x)) < 1e-3)
    #expect(g.scalars.contains { abs($0) > 1e-2 })
  }

  @Test("a factor of a row changes no RMS norm, and its gradient has no part along the row", arguments: [7, 64])
  func rmsNormGradient(_ width: Int) {
    let x = numbers([70, width], 1), weight = numbers([width], 2)
    let y = x.rmsNorm(weight, epsilon: 1e-9)
    #expect((x * 4).rmsNorm(weight, epsilon: 1e-9).distance(to: y) < 1e-5)
    #expect(largestRowDot(gradient(x) { $0.rmsNorm(weight, epsilon: 1e-9) }, x) < 1e-3)
  }

  @Test("a normalized row stays as it is when it is normalized again, and its gradient is tangent to the sphere")
  func normalizedGradient() {
    let x = numbers([70, 20], 1), y = x.normalized()
    #expect(y.normalized().distance(to: y) < 1e-6)
    #expect(largestRowDot(gradient(x) { $0.normalized() }, x) < 1e-3)
  }

  @Test("a modulation by zeros is none", arguments: [1, 5])
  func zeroModulation(_ rowsPerEntry: Int) {
    let x = numbers([35, 12], 1), zeros = Tensor(zeros: [35 / rowsPerEntry, 24])
    let modulated = x.layerNorm(
      nil, nil, epsilon: 1e-5, modulation: NormModulation(zeros, shiftOffset: 12, scaleOffset: 0))
    #expect(modulated.distance(to: x.layerNorm(nil, nil, epsilon: 1e-5)) < 1e-6)
  }

  @Test("columns beside shift and scale change nothing and get a gradient of zero")
  func otherColumns() {
    let x = numbers([12, 8], 1), entries = numbers([4, 40], 2).tracked
    let out = x.layerNorm(
      nil, nil, epsilon: 1e-5, modulation: NormModulation(entries, shiftOffset: 24, scaleOffset: 8))
    let g = out.squared.sum.gradients(of: [entries])[0]
    for range in [0..<8, 16..<24, 32..<40] {
      #expect(g.sliced(range, axis: 1).scalars.allSatisfy { $0 == 0 })
    }
    for range in [8..<16, 24..<32] { #expect(g.sliced(range, axis: 1).scalars.allSatisfy { $0 != 0 }) }
  }

  @Test("a gate of zero gives the residual, a gate of one the sum")
  func gates() {
    let x = numbers([6, 10], 1), residual = numbers([6, 10], 2)
    #expect(x.gated(by: Tensor(zeros: [3, 10]), offset: 0, residual: residual).distance(to: residual) == 0)
    let ones = Tensor(repeating: 1, shape: [3, 10])
    #expect(x.gated(by: ones, offset: 0, residual: residual).distance(to: residual + x) < 1e-6)
  }

  @Test("a group norm has mean 0 and variance 1 over each group of a sample", arguments: [1, 4, 12])
  func groupStatistics(_ groups: Int) {
    let y = numbers([2, 15, 12], 1).groupNorm(
      groupCount: groups, Tensor(repeating: 1, shape: [12]), Tensor(zeros: [12]), epsilon: 1e-9)
    let rows = y.reshaped([2, 15, groups, 12 / groups]).permuted([0, 2, 1, 3]).reshaped([2 * groups, 180 / groups])
    #expect(rows.mean(axis: 1, keeping: false).scalars.allSatisfy { abs($0) < 1e-5 })
    #expect(rows.squared.mean(axis: 1, keeping: false).scalars.allSatisfy { abs($0 - 1) < 1e-4 })
  }
}
