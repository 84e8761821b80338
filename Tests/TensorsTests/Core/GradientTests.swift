import Glibc
import Tensors
import Testing

/// The largest error of `gradients(of:)` against central differences of a random projection of `f`, relative to the
/// largest derivative.
///
/// A step of 1e-2 leaves an error of about h^2 / 6 times the third derivative, and rounding of some 1e-7 / h: 1e-3 in all
/// for functions of order one.
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
