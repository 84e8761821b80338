import Glibc
import Tensors
import Testing

@Suite struct NearestTests {
  @Test(
    "the nearest row is the one that a search row by row finds", arguments: [(1, 1, 1), (70, 33, 3), (130, 2100, 8)])
  func slow(_ rows: Int, _ entries: Int, _ width: Int) {
    var random = Random(seed: 3)
    let x = random.normal([1, rows * width], "x").reshaped([rows, width])
    let table = random.normal([1, entries * width], "table").reshaped([entries, width])
    let (a, b) = (x.scalars, table.scalars)
    func distance(_ row: Int, _ entry: Int) -> Double {
      (0..<width).reduce(0.0) {
        $0 + Double(a[row * width + $1] - b[entry * width + $1]) * Double(a[row * width + $1] - b[entry * width + $1])
      }
    }
    for (row, found) in x.nearestRows(of: table).enumerated() {
      let least = (0..<entries).map { distance(row, $0) }.min() ?? 0
      #expect(distance(row, found) <= least + 1e-5)
    }
  }

  @Test("of equal rows the first is the nearest, and a row finds itself")
  func ties() {
    let table = Tensor([40, 2], (0..<40).flatMap { [Float($0 % 20), 1] })
    #expect(table.nearestRows(of: table) == (0..<40).map { $0 % 20 })
  }

  @Test(
    "the entropy is that of the probabilities, also where one is zero, and its gradient agrees with finite differences")
  func entropy() {
    let x = Tensor([3, 4], [0, 0, 0, 0, 500, 0, -500, 0, 1, 2, 3, 4]), entropy = x.softmaxEntropy.scalars
    let probabilities = x.softmax.scalars[8...].map(Double.init)
    func slow(_ p: [Double]) -> Float { Float(p.reduce(0.0) { $0 - ($1 > 0 ? $1 * log($1) : 0) }) }
    #expect(
      abs(entropy[0] - log(Float(4))) < 1e-6 && entropy[1] == 0 && abs(entropy[2] - slow(Array(probabilities))) < 1e-6)
    var random = Random(seed: 5)
    let logits = random.normal([1, 12], "x").reshaped([3, 4]), weights = random.normal([1, 3], "w").reshaped([3])
    func value(_ x: Tensor) -> Tensor { (x.softmaxEntropy * weights).sum }
    #expect(differs(value, at: logits) < 3e-3)
  }

  @Test("pooling keeps the largest of four, drops an odd edge, and sends its gradient there")
  func pooling() {
    let x = Tensor([1, 3, 4, 1], [1, 2, 3, 4, 5, 0, 8, 7, 9, 9, 9, 9]).tracked, pooled = x.maxPooled
    #expect(pooled.shape == [1, 1, 2, 1] && pooled.scalars == [5, 8])
    #expect(
      (pooled * Tensor([1, 1, 2, 1], [2, 3])).sum.gradients(of: [x])[0].scalars == [0, 0, 0, 0, 2, 0, 3, 0, 0, 0, 0, 0])
    var random = Random(seed: 6)
    let images = random.normal([1, 80], "x").reshaped([2, 4, 5, 2])
    let weights = random.normal([1, 16], "w").reshaped([2, 2, 2, 2])
    #expect(differs({ ($0.maxPooled * weights).sum }, at: images, step: 1e-3) < 3e-3)
  }

  /// The largest difference of gradient and central differences, relative to the largest derivative.
  private func differs(_ f: (Tensor) -> Tensor, at x: Tensor, step: Float = 1e-2) -> Float {
    let tracked = x.tracked, gradients = f(tracked).gradients(of: [tracked])[0].scalars
    var worst: Float = 0
    for i in gradients.indices {
      func moved(_ by: Float) -> Float {
        var scalars = x.scalars
        scalars[i] += by
        return f(Tensor(x.shape, scalars)).scalar
      }
      worst = max(worst, abs((moved(step) - moved(-step)) / (2 * step) - gradients[i]))
    }
    return worst / (gradients.map(abs).max() ?? 1)
  }
}
