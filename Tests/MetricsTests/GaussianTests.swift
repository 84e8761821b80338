import Metrics
import Tensors
import Testing

@Suite struct GaussianTests {
  private func gaussian(_ rows: [[Double]]) -> Gaussian {
    var gaussian = Gaussian()
    gaussian.add(rows)
    return gaussian
  }

  /// Rows [count][width] with correlated columns.
  private func rows(_ seed: UInt64, count: Int, width: Int) -> [[Double]] {
    var random = Random(seed: seed)
    let noise = random.normal([1, count * width], "rows").scalars.map(Double.init)
    return (0..<count).map { row in
      (0..<width).map { noise[row * width + $0] + 0.5 * noise[row * width + ($0 + 1) % width] }
    }
  }

  @Test("mean and unbiased covariance are those by hand, added at once or row by row")
  func moments() {
    let rows = [[1.0, 2], [3, 2], [5, 8]], whole = gaussian(rows)
    #expect(whole.count == 3 && whole.mean == [3, 4])
    #expect(whole.covariance == [[4, 6], [6, 12]])
    var parts = Gaussian()
    for row in rows { parts.add([row]) }
    #expect(parts.mean == whole.mean && parts.covariance == whole.covariance)
    #expect(Gaussian().mean.isEmpty && Gaussian().count == 0)
  }

  @Test("the distance is zero to itself, symmetric, and a shift adds its squared length", arguments: [1, 2, 3])
  func distance(_ seed: Int) {
    let a = rows(UInt64(seed), count: 40, width: 5), b = rows(UInt64(seed) + 10, count: 40, width: 5)
    let first = gaussian(a), second = gaussian(b)
    #expect(abs(Gaussian.distance(first, first)) < 1e-9)
    #expect(abs(Gaussian.distance(first, second) - Gaussian.distance(second, first)) < 1e-9)
    let shifted = gaussian(a.map { row in row.enumerated().map { $1 + Double($0) } })
    #expect(abs(Gaussian.distance(first, shifted) - 30) < 1e-8, "0 + 1 + 4 + 9 + 16")
  }

  @Test("for one column the distance is that of means plus that of deviations, squared")
  func oneColumn() {
    let a = gaussian([[0], [2]]), b = gaussian([[3], [9]])
    // Means 1 and 6, standard deviations sqrt 2 and 3 sqrt 2.
    #expect(abs(Gaussian.distance(a, b) - (25 + 8)) < 1e-9)
  }

  @Test("rows that span less than all columns have a finite distance that is not negative")
  func rankDeficient() {
    let flat = gaussian([[1.0, 1, 0], [2, 2, 0], [4, 4, 0]]), line = gaussian([[0.0, 1, 5], [0, 2, 5], [0, 3, 5]])
    let distance = Gaussian.distance(flat, line)
    #expect(distance.isFinite && distance > 0)
    #expect(abs(Gaussian.distance(flat, flat)) < 1e-9)
  }
}
