import Tensors
import Testing

@Suite struct QueryKeyNormTests {
  @Test(
    "queries and keys get norm 1, queries times the scale of their head, values stay",
    arguments: [[5, 2, 8], [70, 3, 20], [9, 1, 32]])
  func matchesNormalized(sizes: [Int]) {
    let (n, heads, d) = (sizes[0], sizes[1], sizes[2]), width = heads * d
    #expect(
      distance(
        [numbers([2, n, 3 * width], 1), numbers([heads], 2)], { $0[0].queryKeyNormalized(queryScales: $0[1]) },
        { t in
          let parts = (0..<3).map {
            t[0].sliced($0 * width..<($0 + 1) * width, axis: 2).reshaped([2 * n, heads, d])
          }
          let queries = parts[0].normalized() * t[1].reshaped([heads, 1])
          return Tensor.concatenated(
            [queries, parts[1].normalized(), parts[2]].map { $0.reshaped([2, n, width]) }, axis: 2)
        }) < 1e-4)
  }

  @Test("a head of zeros has no direction: it stays zero, and its gradient is finite")
  func zeros() {
    let x = Tensor(zeros: [1, 1, 3 * 16]).tracked
    let y = x.queryKeyNormalized(queryScales: Tensor(repeating: 2, shape: [2]))
    #expect(y.scalars.allSatisfy { $0 == 0 })
    #expect(y.squared.sum.gradients(of: [x])[0].scalars.allSatisfy { $0 == 0 })
  }

  @Test("a scale of zero gives zero queries, and the gradients of the scale and of queries are finite")
  func zeroScale() {
    let x = numbers([1, 2, 3 * 16], 1).tracked, scales = Tensor([2], [0, 3]).tracked
    let y = x.queryKeyNormalized(queryScales: scales)
    #expect(y.sliced(0..<8, axis: 2).scalars.allSatisfy { $0 == 0 })
    for gradient in (y * numbers([1, 2, 48], 2)).sum.gradients(of: [x, scales]) {
      #expect(gradient.scalars.allSatisfy { $0.isFinite })
    }
  }
}
