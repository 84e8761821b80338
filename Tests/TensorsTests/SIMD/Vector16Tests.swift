import Glibc
import Tensors
import Testing

/// Functions of sixteen floats at once, seen through operations that use them, beside those of the C library.
@Suite struct Vector16Tests {
  /// Not a multiple of sixteen, so that partial vectors are used, too.
  private let values = Tensor([2001], (0...2000).map { Float($0 - 1000) * 0.01 })

  private func largestError(_ x: Tensor, _ f: (Double) -> Double) -> Double {
    zip(x.scalars, values.scalars).map { abs(Double($0) - f(Double($1))) / max(1, abs(f(Double($1)))) }.max() ?? 0
  }

  @Test("e^x is within 2e-7 of the C library's, relative to its size")
  func exponential() {
    let error = zip(values.exponential.scalars, values.scalars).map { abs(Double($0) / exp(Double($1)) - 1) }.max()
    #expect(error ?? 1 < 2.5e-7)
  }

  @Test("e^x is 0 below -87, and stays finite above 88")
  func limits() {
    let found = Tensor([4], [-88, -1000, 89, 1000]).exponential.scalars
    #expect(found[0] == 0 && found[1] == 0)
    #expect(found[2].isFinite && found[2] > 1e38)
    #expect(found[3] == found[2])
  }

  @Test("sigmoid, tanh and the error function are within some roundings of the C library's")
  func activations() {
    #expect(largestError(values.activated(.sigmoid)) { 1 / (1 + exp(-$0)) } < 3e-7)
    #expect(largestError(values.activated(.tanh)) { tanh($0) } < 5e-7)
    #expect(largestError(values.activated(.gelu)) { 0.5 * $0 * (1 + erf($0 / 2.0.squareRoot())) } < 3e-6)
    #expect(largestError(values.activated(.silu)) { $0 / (1 + exp(-$0)) } < 1e-6)
  }

  @Test("selections by sign are exact")
  func selections() {
    #expect(values.activated(.relu).scalars == values.scalars.map { max($0, 0) })
    #expect(values.absolute.scalars == values.scalars.map { abs($0) })
    let limits: ClosedRange<Float> = -1...2
    #expect(values.clamped(to: limits).scalars == values.scalars.map { min(max($0, -1), 2) })
  }

  @Test("rows of any length are summed, searched and normalized whole", arguments: 1...50)
  func lengths(_ width: Int) {
    // The largest element is at the end, where a partial vector would lose it.
    let x = Tensor([3, width], (0..<3 * width).map { Float($0 % width) * 0.1 - Float($0 / width) })
    let rows = (0..<3).map { row in x.scalars[row * width..<(row + 1) * width].map(Double.init) }
    let sums = rows.map { $0.reduce(0, +) }
    #expect(zip(x.sum(axis: 1).scalars, sums).allSatisfy { abs(Double($0) - $1) < 1e-4 })
    let logSums = rows.map { row in log(row.reduce(0) { $0 + exp($1) }) }
    #expect(zip(x.logSumExp.scalars, logSums).allSatisfy { abs(Double($0) - $1) < 1e-5 })
    let softmax = zip(rows, logSums).flatMap { row, sum in row.map { exp($0 - sum) } }
    #expect(zip(x.softmax.scalars, softmax).allSatisfy { abs(Double($0) - $1) < 1e-6 })
    #expect(Tensor.sumOfSquares([x]).isFinite)
  }

  @Test("elementwise operations do not touch what lies behind a tensor", arguments: [1, 15, 16, 17, 33])
  func bounds(_ count: Int) {
    let x = numbers([count], 1), before = x.scalars
    #expect(x.exponential.count == count)
    #expect((x + x).scalars == before.map { $0 + $0 })
    #expect(x.scalars == before)
  }
}
