import Autoregression
import Networks
import Settings
import Tensors

/// Copies of a learned class vector before all tokens (MAR's buffer; Li et al. 2024, arXiv 2406.11838).
struct ClassPrefix: ClassConditioner {
  static let key = "class-prefix"
  static let about = About(
    "Copies of a learned class vector before all tokens.", source: "Li et al. 2024 (MAR), arXiv 2406.11838",
    example: "count: 4")
  /// MAR and FAR have the same names.
  static let checkpointMappings =
    ["MAR", "FAR"].map {
      CheckpointMapping(
        $0, prefixes: ["fake_latent", "class_emb."], [("fake_latent", "nothing"), ("class_emb", "classes")])
    } + [ClassTable.nextScale, ClassTable.llama]

  let classes: Embedding
  let unconditional: Parameter
  /// The number of copies.
  let prefixCount: Int
  /// The fraction of labels that training replaces by "no class".
  let dropRate: Float
  var givesVector: Bool { false }

  init(_ settings: inout Settings, classes: Int, width: Int, _ random: inout Random) throws(SettingsError) {
    prefixCount = try settings[
      "count", default: 16, in: 1...1024, about: "copies of the class vector; MAR (arXiv 2406.11838) and FAR: 64"]
    dropRate = try Self.labelDropout(&settings)
    let initial = Initialization.normal(standardDeviation: 0.02)
    self.classes = Embedding(classes, width: width, weight: initial, &random)
    unconditional = Parameter(initial([1, width], &random), role: .embedding)
  }

  /// Returns a prefix [batch, count, width] whose rows are all the vector of the label.
  func callAsFunction(_ labels: [Int?]) -> Condition {
    Condition(prefix: vectors(labels).rows(labels.indices.map { Array(repeating: $0, count: prefixCount) }))
  }
}

@section("overtone_parts") @used private let registration: Registration = { $0.registry.add(ClassPrefix.self) }
