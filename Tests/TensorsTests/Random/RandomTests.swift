import Tensors
import Testing

@Suite struct RandomTests {
  @Test("a sample draws the same numbers in whatever batch", arguments: [1, 2, 3] as [UInt64])
  func batches(_ seed: UInt64) {
    var whole = Random(seed: seed, samples: [4, 5, 6]), alone = Random(seed: seed, samples: [5])
    let both = whole.normal([3, 40], "x"), one = alone.normal([1, 40], "x")
    #expect(Array(both.scalars[40..<80]) == one.scalars)
  }

  @Test("a new stream moves no other")
  func streams() {
    var a = Random(seed: 1), b = Random(seed: 1)
    _ = b.uniform([1, 3], "other")
    #expect(a.uniform([1, 9], "x").scalars == b.uniform([1, 9], "x").scalars)
  }

  @Test("normal numbers have mean 0, deviation 1 and no fourth cumulant")
  func normal() {
    var random = Random(seed: 7)
    let x = random.normal([1, 200_000], "x").scalars.map(Double.init), n = Double(x.count)
    let mean = x.reduce(0, +) / n, variance = x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / n
    let fourth = x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) * ($1 - mean) * ($1 - mean) } / n
    // Five standard errors: 1/sqrt(n), sqrt(2/n), sqrt(96/n).
    #expect(abs(mean) < 0.0112 && abs(variance - 1) < 0.0158 && abs(fourth - 3) < 0.11)
  }

  @Test("uniform numbers fill [0, 1) evenly")
  func uniform() {
    var random = Random(seed: 9), counts = [Int](repeating: 0, count: 10)
    for x in random.uniform([1, 100_000], "x").scalars {
      #expect(x >= 0 && x < 1)
      counts[Int(x * 10)] += 1
    }
    #expect(counts.allSatisfy { abs($0 - 10_000) < 500 })
  }

  @Test("recorded draws come back in order and must have the right shape")
  func replay() {
    var random = Random(replaying: ["x": [Tensor([1, 2], [1, 2]), Tensor([1, 2], [3, 4])]], samples: [0])
    #expect(random.normal([1, 2], "x").scalars == [1, 2] && random.normal([1, 2], "x").scalars == [3, 4])
  }
}
