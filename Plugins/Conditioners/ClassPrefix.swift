import Autoregression
import Networks
import Settings
import Tensors

/// The class as copies of one learned vector in front of all tokens (MAR's buffer; arXiv 2406.11838).
struct ClassPrefix: Conditioner {
  static let key = "class-prefix"
  static let about = About(
    "Copies of a class vector in front of all tokens.", source: "Li et al. 2024 (MAR), arXiv 2406.11838",
    example: "count: 4")
  /// MAR and FAR name them alike.
  static let checkpointMappings =
    ["MAR", "FAR"].map {
      CheckpointMapping(
        $0, prefixes: ["fake_latent", "class_emb."], [("fake_latent", "nothing"), ("class_emb", "classes")])
    } + [ClassTable.nextScale, ClassTable.llama]

  /// [classes, width]
  let classes: Embedding
  /// [1, width]: no condition.
  let nothing: Parameter
  let prefixCount: Int
  let dropRate: Float
  var givesVector: Bool { false }

  init(_ settings: inout Settings, classes: Int, width: Int, _ random: inout Random) throws(SettingsError) {
    prefixCount = try settings["count", default: 16, in: 1...1024, about: "copies; MAR and FAR: 64"]
    dropRate = try settings["drop", default: 0.1, in: 0...1, about: "share of training samples told nothing"]
    self.classes = Embedding(classes, width: width, &random)
    nothing = Parameter(Initialization.normal(standardDeviation: 0.02)([1, width], &random), decays: true)
  }

  func callAsFunction(_ labels: [Int?]) -> Condition {
    Condition(
      prefix: told(labels, classes, nothing).rows(labels.indices.map { Array(repeating: $0, count: prefixCount) }))
  }
}

@section("overtone_parts") @used private let registration: Registration = { $0.registry.add(ClassPrefix.self) }
