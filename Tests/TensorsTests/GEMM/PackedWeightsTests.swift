import Synchronization
import Tensors
import Testing

/// Products with few rows and no gradient multiply by weights that are packed once.
@Suite struct PackedWeightsTests {
  /// x W^T + b + residual, element by element in double precision.
  private func slow(_ x: Tensor, _ w: Tensor, _ b: Tensor?, _ residual: Tensor?) -> Tensor {
    let (rows, outputs, inputs) = (x.shape[0], w.shape[0], w.shape[1])
    let (xs, ws, bs, rs) = (x.scalars, w.scalars, b?.scalars, residual?.scalars)
    return Tensor(
      [rows, outputs],
      (0..<rows * outputs).map { at in
        var sum = 0.0
        for i in 0..<inputs { sum += Double(xs[at / outputs * inputs + i]) * Double(ws[at % outputs * inputs + i]) }
        return Float(sum) + (bs?[at % outputs] ?? 0) + (rs?[at] ?? 0)
      })
  }

  /// Rows in groups of 4, 8, 12 and 16, more than are transposed at once, and enough for micro-kernels; outputs below,
  /// at and above a register and a micro-panel.
  @Test(
    "few rows times packed weights are sums of products",
    arguments: [1, 3, 4, 5, 8, 11, 12, 13, 16, 17, 24, 33, 63, 64, 70, 97, 260], [1, 16, 33, 64, 130])
  func products(rows: Int, outputs: Int) {
    let x = numbers([rows, 35], 1), w = numbers([outputs, 35], 2), b = numbers([outputs], 3)
    let residual = numbers([rows, outputs], 4)
    #expect(x.linear(w).distance(to: slow(x, w, nil, nil)) < 1e-4)
    #expect(x.linear(w, b, onto: residual).distance(to: slow(x, w, b, residual)) < 1e-4)
  }

  @Test("rows that are computed while they are packed are the same", arguments: [1, 5, 17, 70, 300])
  func generated(rows: Int) {
    let x = numbers([rows, 35], 1), w = numbers([50, 35], 2), b = numbers([50], 3), gate = numbers([rows, 35], 4)
    #expect(
      x.linear(afterActivation: .silu, w, b).distance(to: slow(x.activated(.silu), w, b, nil)) < 1e-4)
    #expect(x.linear(afterSwiGLU: gate, w, b).distance(to: slow(x.swiGLU(gate), w, b, nil)) < 1e-4)
  }

  @Test("tensors that hold the same scalars use the same packed weights, and a changed copy others")
  func copies() {
    var lists = [[numbers([20, 16], 1)]]
    let x = numbers([3, 16], 2), original = lists[0][0], before = x.linear(original)
    // The scalars of `original` stay; those in the list are copied before they change.
    Tensor.updateInPlace(&lists, reading: []) { chunk in for i in 0..<chunk.count { chunk.outputs[0][i] *= 3 } }
    #expect(x.linear(original).scalars == before.scalars)
    #expect(x.linear(lists[0][0]).distance(to: before * 3) < 1e-4)
    #expect(x.linear(original.detached).scalars == before.scalars)
  }

  @Test("threads that multiply by the same new weights at once agree")
  func concurrent() {
    let x = numbers([2, 64], 1), w = numbers([48, 64], 2), results = Mutex<[[Float]]>([])
    ThreadPool.shared.split(16, grain: 1) { range in
      for _ in range {
        let y = x.linear(w).scalars
        results.withLock { $0.append(y) }
      }
    }
    let expected = slow(x, w, nil, nil)
    #expect(results.withLock { $0.count } == 16)
    #expect(results.withLock { Set($0) }.count == 1)
    #expect(x.linear(w).distance(to: expected) < 1e-4)
  }
}
