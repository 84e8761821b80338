import Tensors
import Testing

/// The inputs of a linear layer that have a gradient.
private struct Tracking: Sendable, CustomTestStringConvertible {
  var x = true, weight = true, bias = true, residual = true

  static let all: [Tracking] = (0..<16).map {
    Tracking(x: $0 & 1 > 0, weight: $0 & 2 > 0, bias: $0 & 4 > 0, residual: $0 & 8 > 0)
  }

  var testDescription: String {
    let names = [("x", x), ("weight", weight), ("bias", bias), ("residual", residual)].filter(\.1).map(\.0)
    return names.isEmpty ? "none" : names.joined(separator: ", ")
  }

  /// Inputs [x, weight, bias, residual], tracked where wanted.
  func inputs(_ width: Int) -> [Tensor] {
    let all = [numbers([70, width], 1), numbers([30, width], 2), numbers([30], 3), numbers([70, 30], 4)]
    return zip(all, [x, weight, bias, residual]).map { $1 ? $0.tracked : $0 }
  }
}

/// A linear layer, and those over an activation, a SwiGLU and a norm, beside products, sums and the parts by
/// themselves.
@Suite struct LinearTests {
  /// x W^T + b + residual by `product`.
  private func slow(_ x: Tensor, _ t: [Tensor]) -> Tensor { x.product(t[1].transposed) + t[2] + t[3] }

  /// The largest distance of the gradients that are tracked.
  private func distance(_ t: [Tensor], _ fast: Tensor, _ slow: Tensor) -> Float {
    guard fast.isTracked else { return slow.isTracked ? .infinity : fast.distance(to: slow) }
    let weights = numbers(fast.shape, 9), tracked = t.filter(\.isTracked)
    let (a, b) = ((fast * weights).sum.gradients(of: tracked), (slow * weights).sum.gradients(of: tracked))
    return max(fast.distance(to: slow), zip(a, b).map { $0.distance(to: $1) }.max() ?? 0)
  }

  @Test("a linear layer passes gradients to those of its inputs that have one", arguments: Tracking.all)
  private func linear(_ tracking: Tracking) {
    let t = tracking.inputs(40)
    #expect(distance(t, t[0].linear(t[1], t[2], onto: t[3]), slow(t[0], t)) < 1e-4)
  }

  @Test("so does one over an activation", arguments: Tracking.all, Activation.allCases)
  private func activated(_ tracking: Tracking, _ activation: Activation) {
    let t = tracking.inputs(24)
    let fast = t[0].linear(afterActivation: activation, t[1], t[2], onto: t[3])
    #expect(distance(t, fast, slow(t[0].activated(activation), t)) < 1e-4)
  }

  @Test("so does one over a SwiGLU, whose gate may have a gradient alone", arguments: Tracking.all, [false, true])
  private func gated(_ tracking: Tracking, _ isGateTracked: Bool) {
    let t = tracking.inputs(24), gate = isGateTracked ? numbers([70, 24], 5).tracked : numbers([70, 24], 5)
    let fast = t[0].linear(afterSwiGLU: gate, t[1], t[2], onto: t[3])
    #expect(distance(t + [gate], fast, slow(t[0].swiGLU(gate), t)) < 1e-4)
  }

  @Test("so does one over a norm", arguments: Tracking.all)
  private func normalized(_ tracking: Tracking) {
    let t = tracking.inputs(24), norm = [numbers([24], 6).tracked, numbers([24], 7)]
    let fast = t[0].linear(afterNorm: norm[0], norm[1], epsilon: 1e-5, t[1], t[2]) + t[3]
    let parts = slow(t[0].layerNorm(norm[0], norm[1], epsilon: 1e-5), t)
    #expect(distance(t + [norm[0]], fast, parts) < 1e-4)
  }

  @Test("a SwiGLU is x sigmoid(x) times the gate, its gradients included")
  func swiGLU() {
    let t = [numbers([5, 19], 1).tracked, numbers([5, 19], 2).tracked]
    #expect(distance(t, t[0].swiGLU(t[1]), t[0] * t[0].activated(.sigmoid) * t[1]) < 1e-5)
  }

  @Test("a bias and a residual are added once, with all axes before the last kept")
  func axes() {
    let x = numbers([2, 3, 8], 1), w = numbers([5, 8], 2), b = numbers([5], 3), r = numbers([2, 3, 5], 4)
    let y = x.linear(w, b, onto: r)
    #expect(y.shape == [2, 3, 5])
    let flat = x.reshaped([6, 8]).product(w.transposed) + b
    #expect(y.distance(to: flat.reshaped([2, 3, 5]) + r) < 1e-5)
  }

  @Test("a layer without rows has an empty result and zero gradients")
  func noRows() {
    let x = Tensor(zeros: [0, 8]).tracked, w = numbers([5, 8], 2).tracked, b = numbers([5], 3).tracked
    let y = x.linear(w, b)
    #expect(y.shape == [0, 5])
    let gradients = y.sum.gradients(of: [x, w, b])
    #expect(gradients.map(\.shape) == [[0, 8], [5, 8], [5]])
    #expect(gradients.allSatisfy { $0.scalars.allSatisfy { $0 == 0 } })
  }

  @Test("a product of matrices has the gradients g B^T and A^T g", arguments: [(3, 4, 5), (70, 20, 33), (1, 65, 7)])
  func product(m: Int, n: Int, k: Int) {
    let a = numbers([m, k], 1).tracked, b = numbers([k, n], 2).tracked, g = numbers([m, n], 3)
    let gradients = (a.product(b) * g).sum.gradients(of: [a, b])
    #expect(gradients[0].distance(to: g.product(b.detached.transposed)) < 1e-4)
    #expect(gradients[1].distance(to: a.detached.transposed.product(g)) < 1e-4)
  }

  @Test("a transposed matrix has rows and columns exchanged, and so has its gradient")
  func transposition() {
    let x = numbers([3, 5], 1).tracked, g = numbers([5, 3], 2), y = x.transposed
    #expect(y.shape == [5, 3])
    let (from, to) = (x.scalars, y.scalars)
    for row in 0..<3 { for column in 0..<5 { #expect(to[column * 3 + row] == from[row * 5 + column]) } }
    #expect((y * g).sum.gradients(of: [x])[0].scalars == g.transposed.scalars)
    #expect(y.transposed.scalars == x.scalars)
  }
}
