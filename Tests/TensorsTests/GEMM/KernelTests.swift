import Tensors
import Testing

/// Fast kernels beside slow and obvious ones.
@Suite struct KernelTests {
  @Test(
    "products by tiles are sums of products, whatever the shape",
    arguments: [
      [5, 7, 3], [0, 7, 3], [1, 100, 50], [100, 1, 50], [6, 64, 16], [13, 65, 300], [70, 33, 17], [17, 530, 270],
      [49, 16, 257],
      // More rows, columns and steps than are packed, or made by one thread, at once.
      [70, 1100, 600], [1100, 70, 600],
    ])
  func product(shape: [Int]) {
    let (m, n, k) = (shape[0], shape[1], shape[2]), x = numbers([m, k], 1), w = numbers([n, k], 2), b = numbers([n], 3)
    let g = numbers([m, n], 4)
    func sum(_ count: Int, _ term: (Int) -> Float) -> Float { Float((0..<count).reduce(0.0) { $0 + Double(term($1)) }) }
    let (xs, ws, bs, gs) = (x.scalars, w.scalars, b.scalars, g.scalars)
    let expected = Tensor(
      [m, n], (0..<m * n).map { at in bs[at % n] + sum(k) { xs[at / n * k + $0] * ws[at % n * k + $0] } })
    let toX = Tensor([m, k], (0..<m * k).map { at in sum(n) { gs[at / k * n + $0] * ws[$0 * k + at % k] } })
    let toW = Tensor([n, k], (0..<n * k).map { at in sum(m) { gs[$0 * n + at / k] * xs[$0 * k + at % k] } })
    let tracked = [x, w, b].map(\.tracked), y = tracked[0].linear(tracked[1], tracked[2])
    let slopes = (y * g).sum.gradients(of: tracked)
    #expect(y.distance(to: expected) < 1e-4)
    #expect(slopes[0].distance(to: toX) < 1e-4)
    #expect(slopes[1].distance(to: toW) < 1e-4)
    #expect(slopes[2].distance(to: g.sum(axis: 0)) < 1e-4)
  }

  /// Image height, width, channels in and out, kernel, stride, padding.
  @Test(
    "a convolution is a sum over its windows, its gradients included",
    arguments: [
      [6, 7, 3, 5, 3, 1, 1], [8, 8, 16, 16, 3, 1, 1], [9, 8, 4, 20, 3, 2, 1], [5, 5, 70, 3, 1, 1, 0],
      [7, 6, 2, 66, 2, 1, 0], [8, 9, 5, 4, 3, 3, 2], [6, 6, 17, 18, 5, 1, 2],
      // Tiles of 2x2 outputs: odd and even sizes, more and fewer channels than a panel has.
      [8, 8, 32, 32, 3, 1, 1], [7, 9, 32, 80, 3, 1, 1], [5, 4, 96, 32, 3, 1, 0], [3, 30, 48, 64, 3, 1, 2],
    ])
  func convolution(of: [Int]) {
    let (h, w, i, o, k, stride, pad) = (of[0], of[1], of[2], of[3], of[4], of[5], of[6])
    let rows = (h + 2 * pad - k) / stride + 1, columns = (w + 2 * pad - k) / stride + 1
    func slow(_ t: [Tensor]) -> Tensor {
      // Window by window: slices of the padded image, then a product.
      var padded = t[0]
      for axis in [1, 2] {
        var edge = padded.shape
        edge[axis] = pad
        if pad > 0 {
          padded = Tensor.concatenated([Tensor(zeros: edge), padded, Tensor(zeros: edge)], axis: axis)
        }
      }
      var windows: [Tensor] = []
      for y in 0..<rows {
        for x in 0..<columns {
          let part = padded.sliced(y * stride..<y * stride + k, axis: 1).sliced(x * stride..<x * stride + k, axis: 2)
          windows.append(part.reshaped([2, 1, k * k * i]))
        }
      }
      let all = Tensor.concatenated(windows, axis: 1).reshaped([2 * rows * columns, k * k * i])
      return (all.product(t[1].reshaped([o, k * k * i]).transposed) + t[2]).reshaped([2, rows, columns, o])
    }
    let inputs = [numbers([2, h, w, i], 1), numbers([o, k, k, i], 2), numbers([o], 3)]
    #expect(distance(inputs, { $0[0].convolved($0[1], $0[2], stride: stride, padding: .all(pad)) }, slow) < 1e-4)
  }

  /// Queries, keys, heads, width of a head, and how many queries become able to see more at a time (0: all see all).
  @Test(
    "attention by tiles is softmax of products, head by head",
    arguments: [
      [7, 7, 2, 8, 0], [20, 20, 2, 32, 4], [80, 80, 1, 32, 0], [1, 9, 2, 16, 0], [2, 9, 2, 5, 0], [70, 70, 1, 24, 1],
      [5, 17, 1, 80, 0], [330, 330, 1, 64, 0], [270, 270, 1, 20, 1], [150, 420, 1, 16, 1],
    ])
  func attention(of: [Int]) {
    let (n, m, heads, d, block) = (of[0], of[1], of[2], of[3], of[4])
    let visible = block == 0 ? nil : (0..<n).map { min(m, $0 / block * block + block) }
    func slow(_ t: [Tensor]) -> Tensor {
      let hidden = Tensor(
        [n, m], (0..<n * m).map { at in visible.map { at % m < $0[at / m] ? 0 : -1e9 } ?? 0 })
      let parts = (0..<heads).map { head in
        let (q, k, v) = (0, 1, 2)
        func own(_ index: Int, _ rows: Int) -> Tensor {
          t[index].sliced(head * d..<(head + 1) * d, axis: 2).reshaped([rows, d])
        }
        let scores = own(q, n).product(own(k, m).transposed) * (1 / Float(d).squareRoot()) + hidden
        return scores.softmax.product(own(v, m)).reshaped([1, n, d])
      }
      return Tensor.concatenated(parts, axis: 2)
    }
    let inputs = [numbers([1, n, heads * d], 1), numbers([1, m, heads * d], 2), numbers([1, m, heads * d], 3)]
    #expect(distance(inputs, { $0[0].attention($0[1], $0[2], heads: heads, visible: visible) }, slow) < 1e-5)
    guard n == m else { return }
    #expect(
      distance(
        inputs,
        { Tensor.concatenated($0, axis: 2).selfAttention(heads: heads, visible: visible) }, slow) < 1e-5)
  }

  private func normal(_ x: Tensor) -> Tensor {
    let gap = x - x.mean(axis: 1, keeping: true)
    return gap / (gap.squared.mean(axis: 1, keeping: true) + 1e-5).squareRoot
  }

  @Test("a modulated norm with a gate is what its formula says", arguments: [[5, 7], [70, 32], [130, 50]])
  func modulation(shape: [Int]) {
    let (r, w) = (shape[0], shape[1])
    let inputs = [numbers([r, w], 1), numbers([w], 2), numbers([w], 3), numbers([r, 3 * w], 4), numbers([r, w], 5)]
    let fast = { (t: [Tensor]) in
      t[0].layerNorm(t[1], t[2], epsilon: 1e-5, modulation: NormModulation(t[3], shiftOffset: 0, scaleOffset: w)).gated(
        by: t[3], offset: 2 * w, residual: t[4])
    }
    let slow = { (t: [Tensor]) in
      let n = normal(t[0]) * t[1] + t[2], parts = (0..<3).map { t[3].sliced($0 * w..<($0 + 1) * w, axis: 1) }
      return t[4] + parts[2] * (n * (parts[1] + 1) + parts[0])
    }
    #expect(distance(inputs, fast, slow) < 1e-4)
    #expect(
      distance(
        Array(inputs.prefix(3)), { $0[0].layerNorm($0[1], $0[2], epsilon: 1e-5) }, { normal($0[0]) * $0[1] + $0[2] })
        < 1e-4)
    #expect(distance([inputs[0]], { $0[0].layerNorm(nil, nil, epsilon: 1e-5) }, { normal($0[0]) }) < 1e-4)
  }

  @Test(
    "a group norm, bent or not, is what its formula says", arguments: [[2, 5, 6, 3], [3, 64, 16, 4], [2, 9, 40, 8]])
  func groupNorm(of: [Int]) {
    let (batch, places, channels, groups) = (of[0], of[1], of[2], of[3]), each = channels / groups
    let inputs = [numbers([batch, places, channels], 1), numbers([channels], 2), numbers([channels], 3)]
    func slow(_ t: [Tensor]) -> Tensor {
      let rows = t[0].reshaped([batch, places, groups, each]).permuted([0, 2, 1, 3])
      let n = normal(rows.reshaped([batch * groups, places * each]))
      return n.reshaped([batch, groups, places, each]).permuted([0, 2, 1, 3]).reshaped(t[0].shape) * t[1] + t[2]
    }
    #expect(distance(inputs, { $0[0].groupNorm(groupCount: groups, $0[1], $0[2], epsilon: 1e-5) }, slow) < 1e-4)
    #expect(
      distance(
        inputs, { $0[0].groupNorm(groupCount: groups, $0[1], $0[2], epsilon: 1e-5, appliesSiLU: true) },
        { slow($0).activated(.silu) }) < 1e-4)
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
    // In place, too, when nobody else holds the numbers.
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

  @Test("arithmetic on shapes that are stretched is arithmetic on stretched copies")
  func broadcasting() {
    let x = numbers([3, 5, 18], 1), row = numbers([3, 1, 18], 2), number = numbers([5, 1], 3)
    func stretched(_ t: Tensor, _ at: (Int, Int, Int) -> Int) -> Tensor {
      let scalars = t.scalars
      return Tensor([3, 5, 18], (0..<270).map { scalars[at($0 / 90, $0 / 18 % 5, $0 % 18)] })
    }
    let wideRow = stretched(row) { a, _, c in a * 18 + c }, wideNumber = stretched(number) { _, b, _ in b }
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
