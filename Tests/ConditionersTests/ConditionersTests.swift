import Autoregression
import Networks
import Settings
import Tensors
import Testing

private func condition(_ text: String, _ labels: [Int?]) throws -> Condition {
  var settings = try Settings(parsing: text, file: "test"), random = Random(seed: 1)
  let made = try Registry.linked().find("conditioner", &settings, as: (any Conditioner.Type).self)
    .init(&settings, classes: 3, width: 8, &random)
  return made(labels)
}

@Suite struct ConditionersTests {
  @Test("a prefix holds copies of the class vector, another for no class")
  func prefix() throws {
    let prefix = try #require(try condition("{ use: class-prefix, count: 2 }", [1, nil, 1]).prefix)
    #expect(prefix.shape == [3, 2, 8])
    func row(_ sample: Int, _ copy: Int) -> [Float] {
      Array(prefix.scalars[(sample * 2 + copy) * 8..<(sample * 2 + copy + 1) * 8])
    }
    #expect(row(0, 0) == row(0, 1) && row(0, 0) == row(2, 0) && row(0, 0) != row(1, 0))
  }

  @Test("a vector is that of the class, another for no class")
  func vector() throws {
    let vector = try #require(try condition("{ use: class-vector }", [0, 2, nil]).vector)
    #expect(vector.shape == [3, 8] && Set((0..<3).map { Array(vector.scalars[$0 * 8..<$0 * 8 + 8]) }).count == 3)
  }

  @Test("without conditions every label is the same")
  func unconditional() throws {
    let prefix = try #require(try condition("{ use: unconditional }", [0, nil]).prefix)
    #expect(Array(prefix.scalars[..<8]) == Array(prefix.scalars[8...]))
  }
}
