import FixtureSupport
import Tensors
import Testing

@Suite struct TruncatedNormalTests {
  @Test("the numbers below which shares of a truncated normal lie are the reference's")
  func reference() throws {
    let file = try Fixture("schedule"), shares = try file.doubles("truncnorm/u")
    let names = file.names("truncnorm").filter { $0.hasPrefix("ppf_min") }
    #expect(!names.isEmpty)
    for name in names {
      // The bound stands in the name with five digits.
      let least = try #require(Double(name.dropFirst("ppf_min".count)))
      let normal = TruncatedNormal(mean: 1, deviation: 0.25, range: least...1)
      #expect(try file.disagreement(shares.map(normal.quantile), "truncnorm/\(name)") == nil)
      for share in shares { #expect(abs(normal.cumulative(normal.quantile(share)) - share) < 1e-9) }
    }
  }
}
