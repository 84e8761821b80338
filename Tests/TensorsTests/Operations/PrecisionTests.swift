import Glibc
import Tensors
import Testing

@Suite struct PrecisionTests {
  private let points = Tensor([4001], (0...4000).map { Float($0 - 2000) * 0.01 })

  /// The largest error of ours against the same in double precision, relative to the larger of value and `floor`.
  private func error(_ ours: Tensor, floor: Double, _ exact: (Double) -> Double) -> Double {
    zip(ours.scalars, points.scalars).map { y, x in
      let truth = exact(Double(x))
      return abs(Double(y) - truth) / max(floor, abs(truth))
    }.max() ?? 0
  }

  @Test("the vector exponential is exact to two units of the last place")
  func exponential() { #expect(error(points.exponential, floor: 0) { exp($0) } < 2.4e-7) }

  @Test("activations are exact to a few units of the last place")
  func activations() {
    #expect(error(points.activated(.silu), floor: 1e-6) { $0 / (1 + exp(-$0)) } < 6e-7)
    #expect(error(points.activated(.gelu), floor: 1) { 0.5 * $0 * erfc(-$0 / 2.0.squareRoot()) } < 6e-7)
    #expect(error(points.activated(.tanh), floor: 1) { tanh($0) } < 3e-7)
    #expect(error(points.activated(.sigmoid), floor: 1e-6) { 1 / (1 + exp(-$0)) } < 6e-7)
    #expect(error(points.activated(.relu), floor: 1) { max($0, 0) } == 0)
    let inner = { (x: Double) in (2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x) }
    #expect(error(points.activated(.geluTanh), floor: 1) { 0.5 * $0 * (1 + tanh(inner($0))) } < 6e-7)
  }

  @Test("a norm's rows have mean 0 and variance 1 to the last digits")
  func norm() {
    var random = Random(seed: 2)
    let x = (random.normal([1, 64 * 64], "x") * 3 + 10).reshaped([64, 64]), y = x.layerNorm(nil, nil, epsilon: 1e-6)
    var worst = 0.0
    for row in 0..<64 {
      let values = x.scalars[row * 64..<row * 64 + 64].map(Double.init), mean = values.reduce(0, +) / 64
      let deviation = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 64 + 1e-6).squareRoot()
      for (i, value) in values.enumerated() {
        worst = max(worst, abs((value - mean) / deviation - Double(y.scalars[row * 64 + i])))
      }
    }
    #expect(worst < 2e-6)
  }
}
