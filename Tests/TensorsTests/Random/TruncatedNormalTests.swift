import FixtureSupport
import Tensors
import Testing

@Suite struct TruncatedNormalTests {
  @Test("quantiles of a truncated normal distribution are those of the reference")
  func reference() throws {
    let file = try Fixture("schedule"), probabilities = try file.doubles("truncnorm/u")
    let names = file.names("truncnorm").filter { $0.hasPrefix("ppf_min") }
    #expect(!names.isEmpty)
    for name in names {
      // The bound stands in the name with five digits.
      let least = try #require(Double(name.dropFirst("ppf_min".count)))
      let normal = TruncatedNormal(mean: 1, deviation: 0.25, range: least...1)
      #expect(try file.disagreement(probabilities.map(normal.quantile), "truncnorm/\(name)") == nil)
      for probability in probabilities {
        #expect(abs(normal.cumulative(normal.quantile(probability)) - probability) < 1e-9)
      }
    }
  }
}
