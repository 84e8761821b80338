import Networks
import Tensors
import Testing

@Suite struct InitializationTests {
  private func draw(_ kind: Initialization, _ shape: [Int], seed: UInt64 = 1) -> Tensor {
    var random = Random(seed: seed)
    return kind(shape, &random)
  }

  /// The root mean square of values.
  private func deviation(_ values: ArraySlice<Float>) -> Float {
    (values.reduce(0) { $0 + $1 * $1 } / Float(values.count)).squareRoot()
  }

  @Test("constants are constant")
  func constants() {
    #expect(draw(.zeros, [2, 3]).scalars == Array(repeating: 0, count: 6))
    #expect(draw(.ones, [2, 3]).scalars == Array(repeating: 1, count: 6))
  }

  @Test("normal values have the standard deviation, and mean 0")
  func normal() {
    let values = draw(.normal(standardDeviation: 0.02), [100, 100]).scalars
    #expect(abs(deviation(values[...]) - 0.02) < 0.001)
    #expect(abs(values.reduce(0, +) / 10_000) < 0.001)
    #expect(draw(.normal(standardDeviation: 0), [4]).scalars == [0, 0, 0, 0])
  }

  @Test("Glorot's values are uniform within sqrt(6 / (in + out)), the first axis being out")
  func glorot() {
    let values = draw(.glorot, [40, 20, 3]).scalars, limit = (6 / Float(40 + 60)).squareRoot()
    #expect(values.allSatisfy { abs($0) <= limit } && values.map(abs).max() ?? 0 > 0.95 * limit)
    #expect(abs(deviation(values[...]) - limit / Float(3).squareRoot()) < 0.05 * limit)
  }

  @Test("PyTorch's values are uniform within 1 / sqrt(in)")
  func fanIn() {
    let values = draw(.uniformFanIn, [50, 3, 3, 4]).scalars, limit = 1 / Float(36).squareRoot()
    #expect(values.allSatisfy { abs($0) <= limit } && values.map(abs).max() ?? 0 > 0.95 * limit)
  }

  @Test("chunks of the first axis have standard deviations of their own")
  func chunks() {
    let values = draw(.chunks(standardDeviations: [0.1, 0, 2]), [30, 50]).scalars
    #expect(abs(deviation(values[..<500]) - 0.1) < 0.02)
    #expect(values[500..<1000].allSatisfy { $0 == 0 })
    #expect(abs(deviation(values[1000...]) - 2) < 0.2)
  }

  @Test("the same seed draws the same values, the next draw others")
  func seeds() {
    let kind = Initialization.normal(standardDeviation: 1)
    #expect(draw(kind, [8]).scalars == draw(kind, [8]).scalars)
    #expect(draw(kind, [8]).scalars != draw(kind, [8], seed: 2).scalars)
    var random = Random(seed: 1)
    #expect(kind([8], &random).scalars != kind([8], &random).scalars)
  }

  @Test("without storage nothing is drawn, and the switch goes back when the body throws")
  func withoutValues() {
    struct Failure: Error {}
    var random = Random(seed: 1)
    #expect(withoutStorage { Linear(from: 3, to: 2, &random) }.weight.value.shape == [2, 3])
    #expect(throws: Failure.self) { try withoutStorage { throw Failure() } }
    // The first draw of the generator is still to come.
    #expect(Linear(from: 3, to: 2, &random).weight.value.scalars == draw(.glorot, [2, 3]).scalars)
  }
}
