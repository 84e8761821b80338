import Autoregression
import Networks
import Settings
import Tensors
import Testing

/// A conditioner of 3 classes, 8 wide, and the values its settings were understood as.
private struct TestConditioner {
  let conditioner: any Conditioner
  let values: [String: String]

  init(_ text: String, width: Int = 8, classes: Int = 3) throws {
    var settings = try Settings(parsing: text, file: "test"), random = Random(seed: 1)
    conditioner = try registered(&settings).init(&settings, classes: classes, width: width, &random)
    try settings.finish()
    values = settings.values
  }

  func callAsFunction(_ labels: [Int?]) -> Condition { conditioner(labels) }
}

private func registered(_ settings: inout Settings) throws -> any Conditioner.Type {
  try Registry.linked().find("conditioner", &settings, as: (any Conditioner.Type).self)
}

@Suite struct ConditionersTests {
  @Test("a prefix holds copies of the class vector, others for no class")
  func prefix() throws {
    let tested = try TestConditioner("{ use: class-prefix, count: 2 }"), condition = tested([1, nil, 1])
    let prefix = try #require(condition.prefix)
    #expect(prefix.shape == [3, 2, 8] && condition.vector == nil)
    #expect(tested.conditioner.prefixCount == 2 && !tested.conditioner.givesVector)
    func row(_ sample: Int, _ copy: Int) -> [Float] {
      Array(prefix.scalars[(sample * 2 + copy) * 8..<(sample * 2 + copy + 1) * 8])
    }
    #expect(row(0, 0) == row(0, 1) && row(0, 0) == row(2, 0) && row(0, 0) != row(1, 0))
  }

  @Test("a vector is that of the class, another for no class")
  func vector() throws {
    let tested = try TestConditioner("{ use: class-vector }"), condition = tested([0, 2, nil])
    let vector = try #require(condition.vector)
    #expect(vector.shape == [3, 8] && Set((0..<3).map { Array(vector.scalars[$0 * 8..<$0 * 8 + 8]) }).count == 3)
    #expect(tested.conditioner.prefixCount == 0 && tested.conditioner.givesVector && condition.prefix == nil)
  }

  @Test("without conditions every label is the same, and no label is dropped")
  func unconditional() throws {
    let tested = try TestConditioner("{ use: unconditional }"), prefix = try #require(tested([0, nil]).prefix)
    #expect(prefix.shape == [2, 1, 8] && Array(prefix.scalars[..<8]) == Array(prefix.scalars[8...]))
    #expect(tested.conditioner.dropRate == 0 && tested.conditioner.parameters.map(\.path) == ["start"])
    #expect(tested.conditioner.prefixCount == 1 && !tested.conditioner.givesVector)
  }

  @Test("parameters have the names and shapes of checkpoints", arguments: ["class-prefix", "class-vector"])
  func names(_ key: String) throws {
    let parameters = try TestConditioner("{ use: \(key) }").conditioner.parameters
    #expect(parameters.map(\.path) == ["classes.weight", "nothing"])
    #expect(parameters.map(\.parameter.value.shape) == [[3, 8], [1, 8]])
    #expect(parameters.allSatisfy { $0.parameter.role == .embedding })
  }

  @Test("labels are dropped at MAR's rate by default, or at another", arguments: ["class-prefix", "class-vector"])
  func labelDropout(_ key: String) throws {
    #expect(try TestConditioner("{ use: \(key) }").conditioner.dropRate == 0.1)
    #expect(try TestConditioner("{ use: \(key), label-dropout: 0.25 }").conditioner.dropRate == 0.25)
    #expect(throws: SettingsError.self) { try TestConditioner("{ use: \(key), label-dropout: 1.5 }") }
  }

  @Test("class vectors start normal with the given standard deviation")
  func initialization() throws {
    for (text, target) in [
      ("class-vector", 0.02), ("class-vector, init-std: 0.5", 0.5), ("class-prefix", 0.02),
    ] as [(String, Float)] {
      let tested = try TestConditioner("{ use: \(text) }", width: 64, classes: 50)
      let table = try #require(tested.conditioner.parameters.first).parameter.value
      #expect(abs((table.squared.sum.scalar / Float(table.count)).squareRoot() / target - 1) < 0.1)
    }
  }

  @Test("gradients reach the vectors of the labels that were given, and no others")
  func gradients() throws {
    let tested = try TestConditioner("{ use: class-prefix, count: 2 }"), prefix = try #require(tested([1, nil]).prefix)
    let gradients = prefix.sum.gradients(of: tested.conditioner.parameters.map { $0.parameter() })
    #expect(gradients[0].scalars == (0..<24).map { $0 / 8 == 1 ? 2 : 0 })
    #expect(gradients[1].scalars == Array(repeating: 2, count: 8))
  }

  @Test(
    "a former key is refused with the present one",
    arguments: [
      ("class-prefix, drop: 0.1", "drop", "label-dropout"), ("class-vector, drop: 0.1", "drop", "label-dropout"),
      ("class-vector, initial-deviation: 0.1", "initial-deviation", "init-std"),
    ])
  func renamed(_ text: String, _ former: String, _ present: String) throws {
    let error = #expect(throws: SettingsError.self) { try TestConditioner("{ use: \(text) }") }
    #expect("\(error.map { "\($0)" } ?? "")".contains("'\(former)' is called '\(present)' now."))
  }

  @Test(
    "public checkpoints give class vectors, the last row that of no class",
    arguments: [
      ("VAR", "class_emb.weight"), ("LlamaGen", "cls_embedding.embedding_table.weight"),
    ])
  func tables(_ family: String, _ name: String) throws {
    for key in ["class-vector", "class-prefix"] {
      var settings = try Settings(parsing: "{ use: \(key) }", file: "test")
      let mapping = try #require(try registered(&settings).checkpointMappings.first { $0.name == family })
      let mapped = mapping.translated([name: Tensor([3, 2], [1, 2, 3, 4, 5, 6]), "other": Tensor([1], [0])])
      #expect(mapped["classes.weight"]?.value.scalars == [1, 2, 3, 4] && mapped["nothing"]?.value.scalars == [5, 6])
      #expect(mapped.count == 2 && mapped["nothing"]?.sources == [name])
      #expect(mapping.translated([name: Tensor([1, 2], [1, 2])]).isEmpty && mapping.translated([:]).isEmpty)
    }
  }

  @Test("MAR's and FAR's class vectors have names of their own", arguments: ["MAR", "FAR"])
  func buffers(_ family: String) throws {
    var settings = try Settings(parsing: "{ use: class-prefix }", file: "test")
    let mapping = try #require(try registered(&settings).checkpointMappings.first { $0.name == family })
    let mapped = mapping.translated([
      "class_emb.weight": Tensor([2, 2], [1, 2, 3, 4]), "fake_latent": Tensor([1, 2], [5, 6]),
      "mask_token": Tensor([1], [0]),
    ])
    #expect(mapped.keys.sorted() == ["classes.weight", "nothing"])
  }
}
