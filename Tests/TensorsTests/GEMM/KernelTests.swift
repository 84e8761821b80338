import Tensors
import Testing

/// Fast kernels beside slow and obvious ones.
@Suite struct KernelTests {
  @Test(
    "products by tiles are sums of products, whatever the shape",
    arguments: [
      [5, 7, 3], [0, 7, 3], [1, 100, 50], [100, 1, 50], [6, 64, 16], [13, 65, 300], [70, 33, 17], [17, 530, 270],
      [49, 16, 257],
      // More rows, columns and steps than are packed, or computed by one thread, at once.
      [70, 1100, 600], [1100, 70, 600],
    ])
  func product(shape: [Int]) {
    let (m, n, k) = (shape[0], shape[1], shape[2]), x = numbers([m, k], 1), w = numbers([n, k], 2), b = numbers([n], 3)
    let g = numbers([m, n], 4)
    func sum(_ count: Int, _ term: (Int) -> Float) -> Float { Float((0..<count).reduce(0.0) { $0 + Double(term($1)) }) }
    let (xs, ws, bs, gs) = (x.scalars, w.scalars, b.scalars, g.scalars)
    let expected = Tensor(
      [m, n], (0..<m * n).map { at in bs[at % n] + sum(k) { xs[at / n * k + $0] * ws[at % n * k + $0] } })
    let xGradient = Tensor([m, k], (0..<m * k).map { at in sum(n) { gs[at / k * n + $0] * ws[$0 * k + at % k] } })
    let weightGradient = Tensor([n, k], (0..<n * k).map { at in sum(m) { gs[$0 * n + at / k] * xs[$0 * k + at % k] } })
    let tracked = [x, w, b].map(\.tracked), y = tracked[0].linear(tracked[1], tracked[2])
    let gradients = (y * g).sum.gradients(of: tracked)
    #expect(y.distance(to: expected) < 1e-4)
    #expect(gradients[0].distance(to: xGradient) < 1e-4)
    #expect(gradients[1].distance(to: weightGradient) < 1e-4)
    #expect(gradients[2].distance(to: g.sum(axis: 0)) < 1e-4)
  }

  /// Few numbers, and more than are multiplied at once.
  @Test(
    "a linear layer after an activation is both, one after the other", arguments: Activation.allCases, [40, 1100])
  func linearAfter(activation: Activation, width: Int) {
    let inputs = [numbers([70, width], 1), numbers([20, width], 2), numbers([20], 3)]
    #expect(
      distance(
        inputs, { $0[0].linear(afterActivation: activation, $0[1], $0[2]) },
        { $0[0].activated(activation).linear($0[1], $0[2]) })
        < 1e-4)
  }

  @Test(
    "a linear layer after a norm is both, one after the other, moved or not", arguments: [0, 1, 2], [40, 1100])
  func linearAfterNorm(kind: Int, width: Int) {
    let inputs =
      [numbers([70, width], 1), numbers([20, width], 2), numbers([20], 3)]
      + (kind > 0 ? [numbers([width], 4), numbers([width], 5)] : []) + (kind > 1 ? [numbers([70, 2 * width], 6)] : [])
    func modulators(_ t: [Tensor]) -> NormModulation? {
      kind > 1 ? NormModulation(t[5], shiftOffset: 0, scaleOffset: width) : nil
    }
    #expect(
      distance(
        inputs,
        {
          $0[0].linear(
            afterNorm: kind > 0 ? $0[3] : nil, kind > 0 ? $0[4] : nil, epsilon: 1e-5, modulation: modulators($0), $0[1],
            $0[2])
        },
        {
          $0[0].layerNorm(kind > 0 ? $0[3] : nil, kind > 0 ? $0[4] : nil, epsilon: 1e-5, modulation: modulators($0))
            .linear($0[1], $0[2])
        }) < 1e-5)
  }

  @Test(
    "products with few rows and no gradient are the same, and follow weights that move",
    arguments: [1, 4, 7, 9, 16, 17, 39, 64, 300])
  func fewRows(_ rows: Int) {
    var lists = [[numbers([70, 33], 1)]]
    let x = numbers([rows, 33], 2), b = numbers([70], 3)
    for _ in 0..<2 {
      let weight = lists[0][0]
      #expect(x.linear(weight, b).distance(to: x.tracked.linear(weight, b)) < 1e-5)
      #expect(x.linear(weight).distance(to: x.product(weight.transposed)) < 1e-5)
      Tensor.updateInPlace(&lists, reading: []) { chunk in for i in 0..<chunk.count { chunk.outputs[0][i] += 1 } }
    }
    // In place, too, when no other tensor holds the buffer.
    let before = x.linear(lists[0][0])
    Tensor.updateInPlace(&lists, reading: []) { chunk in for i in 0..<chunk.count { chunk.outputs[0][i] *= 2 } }
    #expect(x.linear(lists[0][0]).distance(to: before * 2) < 1e-4)
  }

  @Test("summed rows are sums of rows, and each gradient goes back to its entry")
  func summedRows() {
    let (a, b) = ([0, 2, 2, 1, 0], [3, 3, 0, 1, 2]), inputs = [numbers([3, 20], 1), numbers([4, 20], 2)]
    #expect(
      distance(
        inputs, { Tensor.summedRows([($0[0], a), ($0[1], b)]) },
        { ($0[0].rows([a]) + $0[1].rows([b])).reshaped([5, 20]) }) < 1e-5)
  }

  @Test("arithmetic on shapes that are broadcast is arithmetic on broadcast copies")
  func broadcasting() {
    let x = numbers([3, 5, 18], 1), row = numbers([3, 1, 18], 2), number = numbers([5, 1], 3)
    func broadcast(_ t: Tensor, _ at: (Int, Int, Int) -> Int) -> Tensor {
      let scalars = t.scalars
      return Tensor([3, 5, 18], (0..<270).map { scalars[at($0 / 90, $0 / 18 % 5, $0 % 18)] })
    }
    let wideRow = broadcast(row) { a, _, c in a * 18 + c }, wideNumber = broadcast(number) { _, b, _ in b }
    #expect((x + row).distance(to: x + wideRow) == 0)
    #expect((x * number).distance(to: x * wideNumber) == 0)
    #expect((row - number).distance(to: wideRow - wideNumber) == 0)
  }

  @Test("gradients that use up their graph are the same, and there are none afterwards")
  func releasingGraph() {
    let x = numbers([6, 6], 1).tracked, y = (x * x + x.activated(.gelu)).sum
    let first = y.gradients(of: [x])[0], second = y.gradients(of: [x], releasingGraph: true)[0]
    #expect(first.scalars == second.scalars)
    #expect(y.gradients(of: [x])[0].scalars.allSatisfy { $0 == 0 })
  }

  @Test("the same step gives the same bits again")
  func repeats() {
    func step() -> [[Float]] {
      let x = numbers([4, 9, 9, 8], 1).tracked, w = numbers([24, 3, 3, 8], 2).tracked
      let y = x.convolved(w, nil, padding: .all(1)).reshaped([4, 81, 24]).selfAttention(heads: 2)
      return y.squared.mean.gradients(of: [x, w]).map(\.scalars)
    }
    #expect(step() == step())
  }
}
