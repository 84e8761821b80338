import Glibc
import Tensors
import Testing

/// The largest error of `gradients(of:)` against central differences of a random projection of `f`, relative to the
/// largest derivative.
///
/// A step of 1e-2 leaves an error of about h^2 / 6 times the third derivative, and rounding of some 1e-7 / h: 1e-3 in
/// all for functions of order one.
private func largestError(_ shapes: [[Int]], _ f: ([Tensor]) -> Tensor) -> Float {
  var random = Random(seed: 11)
  let inputs = shapes.map { (random.normal([1, $0.product], "x") * 0.7).reshaped($0) }
  let weights = random.normal([1, f(inputs).count], "w")
  func projected(_ x: [Tensor]) -> Tensor { (f(x).reshaped(weights.shape) * weights).sum }
  let tracked = inputs.map(\.tracked), gradients = projected(tracked).gradients(of: tracked)
  var worst: Float = 0, largest: Float = 1e-3
  for (index, input) in inputs.enumerated() {
    for i in 0..<input.count {
      func moved(_ by: Float) -> Float {
        var scalars = input.scalars, all = inputs
        scalars[i] += by
        all[index] = Tensor(input.shape, scalars)
        return projected(all).scalar
      }
      let difference = (moved(1e-2) - moved(-1e-2)) / 2e-2
      worst = max(worst, abs(difference - gradients[index].scalars[i]))
      largest = max(largest, abs(difference))
    }
  }
  return worst / largest
}

private struct Case: Sendable, CustomStringConvertible {
  let description: String
  let shapes: [[Int]]
  let f: @Sendable ([Tensor]) -> Tensor
  init(_ description: String, _ shapes: [[Int]], _ f: @escaping @Sendable ([Tensor]) -> Tensor) {
    self.description = description
    self.shapes = shapes
    self.f = f
  }
}

/// Cosines or sines of some angles, [2, 3, 2].
private func angles(_ turn: (Float) -> Float) -> Tensor { Tensor([2, 3, 2], (0..<12).map { turn(0.7 * Float($0)) }) }

/// Dropout factors with one in four dropped, [2, 2, 3, 4].
private let factors = Tensor([2, 2, 3, 4], (0..<48).map { $0 % 4 == 1 ? 0 : 4.0 / 3 })

/// Distinct values in no order, [1, 4, 4, 1]: steps of 0.5, so that no finite difference changes which is largest.
private let ramp = Tensor([1, 4, 4, 1], (0..<16).map { Float($0 * 7 % 16 - 8) * 0.5 })

private let cases: [Case] = [
  Case("add broadcast", [[3, 4], [4]]) { $0[0] + $0[1] }, Case("add column", [[3, 4], [3, 1]]) { $0[0] + $0[1] },
  Case("subtract", [[2, 3], [1, 3]]) { $0[0] - $0[1] }, Case("multiply", [[2, 3, 4], [2, 1, 4]]) { $0[0] * $0[1] },
  Case("divide", [[5], [5]]) { $0[0] / ($0[1].squared + 1) }, Case("exponential", [[7]]) { $0[0].exponential },
  Case("logarithm", [[7]]) { ($0[0].squared + 1).logarithm },
  Case("square root", [[7]]) { ($0[0].squared + 1).squareRoot },
  Case("sum along an axis", [[2, 3, 4]]) { $0[0].sum(axis: 1) }, Case("mean", [[2, 3]]) { $0[0].squared.mean },
  Case("matrix product", [[3, 4], [4, 2]]) { $0[0].product($0[1]) },
  Case("transpose", [[3, 4]]) { $0[0].transposed.squared },
  Case("permute", [[2, 3, 4]]) { $0[0].permuted([2, 0, 1]).squared },
  Case("slice", [[2, 5, 3]]) { $0[0].sliced(1..<4, axis: 1).squared },
  Case("concatenate", [[2, 1, 3], [2, 2, 3]]) { Tensor.concatenated($0, axis: 1).squared },
  Case("rows", [[4, 3]]) { $0[0].rows([[0, 2], [2, 3]]).squared },
  Case("gather", [[2, 4, 3]]) { $0[0].gathered([[1, 3], [0, 2]]).squared },
  Case("scatter", [[2, 2, 3], [2, 4, 3]]) { $0[0].scattered([[1, 3], [0, 2]], over: $0[1]).squared },
  Case("negate", [[5]]) { -$0[0] }, Case("add a number", [[5]]) { ($0[0] + 2).squared },
  Case("subtract a number", [[5]]) { ($0[0] - 2).squared },
  Case("a number times a tensor", [[5]]) { 3 * $0[0] / 2 }, Case("square", [[7]]) { $0[0].squared },
  Case("absolute value away from zero", [[7]]) { ($0[0].squared + 0.1).absolute - $0[0] },
  Case("clamp outside and inside", [[7]]) { ($0[0] * 0.1).clamped(to: -1...1) + ($0[0] + 9).clamped(to: -1...1) },
  Case("divide with broadcast", [[3, 4], [3, 1]]) { $0[0] / ($0[1].squared + 1) },
  Case("sum of all scalars", [[3, 4]]) { $0[0].squared.sum },
  Case("sum with the axis kept", [[2, 3, 4]]) { $0[0].squared.sum(axis: 2, keeping: true) },
  Case("mean along an axis", [[2, 3, 4]]) { $0[0].squared.mean(axis: 0) },
  Case("reshape", [[2, 6]]) { $0[0].reshaped([3, 4]).squared },
  Case("concatenate along the last axis", [[2, 3], [2, 1]]) { Tensor.concatenated($0, axis: 1).squared },
  Case("slice the first axis", [[5, 3]]) { $0[0].sliced(2..<4, axis: 0).squared + $0[0].sliced(0..<2, axis: 0) },
  Case("sum of rows of two tables", [[4, 3], [2, 3]]) {
    Tensor.summedRows([(table: $0[0], numbers: [0, 2, 2]), (table: $0[1], numbers: [1, 1, 0])]).squared
  },
  Case("softmax", [[3, 5]]) { $0[0].softmax },
  Case("softmax of a whole vector and a rest", [[2, 19]]) { $0[0].softmax },
  Case("cross-entropy", [[3, 5]]) { $0[0].crossEntropy([1, 4, 0]) },
  Case("entropy", [[3, 5]]) { $0[0].softmaxEntropy },
  Case("nearest", [[1, 3, 4, 2]]) { $0[0].resampled(height: 6, width: 5, .nearest).squared },
  Case("separable map", [[2, 3, 2, 1]]) {
    $0[0].applied(rows: [[1, 0, 2], [0, -1, 0.5]], columns: [[1, 2], [0, 3], [4, 0]]).squared
  },
  Case("maximum pooling of separate values", [[1, 4, 4, 1]]) { ($0[0] * 0.2 + ramp).maxPooled },
  Case("overlapping maximum pooling", [[1, 4, 4, 1]]) { ($0[0] * 0.2 + ramp).maxPooled(window: 3, stride: 1) },
  Case("gelu", [[9]]) { $0[0].activated(.gelu) }, Case("gelu-tanh", [[9]]) { $0[0].activated(.geluTanh) },
  Case("silu of more than a vector", [[19]]) { $0[0].activated(.silu) },
  Case("relu away from zero", [[9]]) {
    ($0[0].squared + 0.1).activated(.relu) + ($0[0].squared * -1 - 0.1).activated(.relu)
  },
  Case("tanh", [[9]]) { $0[0].activated(.tanh) }, Case("sigmoid", [[9]]) { $0[0].activated(.sigmoid) },
  Case("self attention", [[2, 5, 12]]) { $0[0].selfAttention(heads: 2) },
  Case("causal attention", [[1, 4, 12]]) { $0[0].selfAttention(heads: 2, visible: [1, 2, 3, 4]) },
  Case("rotation", [[2, 3, 8]]) {
    $0[0].rotated(by: RotaryAngles(cosines: angles(cosf), sines: angles(sinf)), heads: 2).squared
  },
  Case("attention with dropout", [[2, 3, 4], [2, 4, 4], [2, 4, 4]]) {
    $0[0].attention($0[1], $0[2], heads: 2, visible: [2, 4, 4], dropoutMask: factors)
  },
  Case("cross-entropy with smoothing", [[3, 5]]) { $0[0].crossEntropy([1, 4, 0], smoothing: 0.1) },
  Case("logarithm of summed exponentials", [[3, 5]]) { ($0[0] * 3).logSumExp },
  Case("area", [[1, 5, 7, 2]]) { $0[0].resampled(height: 3, width: 4, .area) },
  Case("bicubic", [[1, 3, 4, 2]]) { $0[0].resampled(height: 5, width: 7, .bicubic) },
  Case("convolution with stride", [[2, 5, 6, 2], [3, 3, 3, 2], [3]]) {
    $0[0].convolved($0[1], $0[2], stride: 2, padding: .all(1))
  },
  Case("layer norm without weights", [[3, 6]]) { $0[0].layerNorm(nil, nil, epsilon: 1e-6) },
]

@Suite struct GradientTests {
  @Test("gradients agree with finite differences", arguments: cases)
  private func differences(_ entry: Case) { #expect(largestError(entry.shapes, entry.f) < 3e-3) }

  @Test("no gradient flows through a detached tensor or to a tensor that was not used")
  func detached() {
    let x = Tensor([2], [3, 4]).tracked, y = Tensor([2], [5, 6]).tracked
    #expect(x.isTracked && !x.detached.isTracked && !(x.detached * 2).isTracked && (x * 2).isTracked)
    let gradients = (x.detached * x).sum.gradients(of: [x, y])
    #expect(gradients[0].scalars == [3, 4] && gradients[1].scalars == [0, 0])
  }

  @Test("an operation recorded outside the library passes its gradient back, and is not recorded without need")
  func recorded() {
    func cubed(_ x: Tensor) -> Tensor {
      Tensor(x.shape, x.scalars.map { $0 * $0 * $0 }).recorded(inputs: [x]) { g in [g * x.detached.squared * 3] }
    }
    #expect(largestError([[5]]) { cubed($0[0]) } < 3e-3)
    #expect(!cubed(Tensor([1], [2])).isTracked)
  }

  @Test("an input for which a backward pass returns nil gets zeros")
  func noGradient() {
    let x = Tensor([2], [1, 2]).tracked, y = Tensor([2], [3, 4]).tracked
    let product = (x.detached * y.detached).recorded(inputs: [x, y]) { g in [nil, g * x.detached] }
    #expect(product.sum.gradients(of: [x, y]).map(\.scalars) == [[0, 0], [1, 2]])
  }

  @Test("a released graph passes no gradient on, one that is kept gives the same again")
  func released() {
    let x = Tensor([2], [3, 4]).tracked, loss = (x * x).sum
    #expect(loss.gradients(of: [x])[0].scalars == [6, 8] && loss.gradients(of: [x])[0].scalars == [6, 8])
    #expect(loss.gradients(of: [x], releasingGraph: true)[0].scalars == [6, 8])
    #expect(loss.gradients(of: [x])[0].scalars == [0, 0])
  }

  @Test("a graph of a hundred thousand operations needs no deep stack")
  func deep() {
    let x = Tensor([1], [1]).tracked
    var y = x
    for _ in 0..<100_000 { y = y + 1 }
    #expect(y.sum.gradients(of: [x], releasingGraph: true)[0].scalars == [1])
  }

  @Test("the logarithm of summed exponentials takes numbers whose exponentials are too large or too small")
  func logSumExp() {
    let sums = Tensor([3, 2], [1000, 1000, -1000, -1000, 0, -300]).logSumExp.scalars
    let expected: [Float] = [1000.693_15, -999.306_85, 0]
    #expect(zip(sums, expected).allSatisfy { abs($0 - $1) < 1e-3 })
  }

  @Test("a tensor used twice gets both gradients")
  func twice() {
    let x = Tensor([2], [3, 4]).tracked
    #expect((x * x + x).sum.gradients(of: [x])[0].scalars == [7, 9])
  }

  /// Operations that add in place to a gradient that another operation has passed to the same input.
  private static let adding: [@Sendable (Tensor) -> Tensor] = [
    { $0.linear(numbers([24, 40], 2), numbers([24], 3)) },
    { $0.linear(afterNorm: numbers([40], 2), numbers([40], 3), epsilon: 1e-6, numbers([24, 40], 4)) },
    { $0.layerNorm(numbers([40], 2), nil, epsilon: 1e-6) },
    {
      $0.layerNorm(
        nil, nil, epsilon: 1e-6, modulation: NormModulation(numbers([35, 80], 2), shiftOffset: 0, scaleOffset: 40))
    },
    { $0.rmsNorm(numbers([40], 2), epsilon: 1e-6) }, { $0.normalized() },
    { $0.sliced(8..<24, axis: 1) },
  ]

  @Test("gradients of several uses add up in any order", arguments: 0..<adding.count)
  func severalUses(_ index: Int) {
    let f = Self.adding[index], x = numbers([70, 40], 1), c = numbers([70, 40], 9)
    func gradient(_ loss: (Tensor) -> Tensor) -> Tensor {
      let x = x.tracked
      return loss(x).gradients(of: [x])[0]
    }
    func use(_ x: Tensor, _ seed: UInt64) -> Tensor {
      let y = f(x)
      return (y * numbers(y.shape, seed)).sum
    }
    let sum = gradient { use($0, 5) } + gradient { use($0, 6) } + c
    #expect(gradient { use($0, 5) + use($0, 6) + ($0 * c).sum }.distance(to: sum) < 1e-4)
    #expect(gradient { ($0 * c).sum + use($0, 6) + use($0, 5) }.distance(to: sum) < 1e-4)
    // The gradient that came first has another reference: it must not change.
    let held = gradient { x in
      let y = x + 0
      return use(x.linear(numbers([40, 40], 7), onto: y), 5) + use(y, 6)
    }
    let separate = gradient { use($0.linear(numbers([40, 40], 7)) + $0, 5) + use($0, 6) }
    #expect(held.distance(to: separate) < 1e-4)
  }

  @Test("threads change no result", arguments: [1, 2])
  func threads(_ count: Int) {
    var random = Random(seed: 5)
    let a = random.normal([1, 512 * 96], "a").reshaped([512, 96]),
      b = random.normal([1, 64 * 96], "b").reshaped([64, 96])
    ThreadPool.shared.use(count)
    defer { ThreadPool.shared.use(ThreadPool.shared.width) }
    let slow = Tensor(unfilled: [512, 64]) { target in
      let (x, y) = (a.scalars, b.scalars)
      for i in 0..<512 {
        for j in 0..<64 { target[i * 64 + j] = (0..<96).reduce(0) { $0 + x[i * 96 + $1] * y[j * 96 + $1] } }
      }
    }
    #expect(a.linear(b).distance(to: slow) < 1e-4)
  }
}
