import Autoregression
import Networks
import Settings
import Tensors

/// The class as one learned vector, which the backbone adds to tokens or modulates norms with (VAR; Tian et al. 2024,
/// arXiv 2404.02905).
struct ClassVector: ClassConditioner {
  static let key = "class-vector"
  static let about = About(
    "One learned class vector, added to tokens or modulating norms (adaLN) as the backbone says.",
    source: "Tian et al. 2024 (VAR), arXiv 2404.02905")
  static let checkpointMappings = [ClassTable.nextScale, ClassTable.llama]

  let classes: Embedding
  let unconditional: Parameter
  /// The fraction of labels that training replaces by "no class".
  let dropRate: Float
  /// No token before all others.
  var prefixCount: Int { 0 }
  var givesVector: Bool { true }

  init(_ settings: inout Settings, classes: Int, width: Int, _ random: inout Random) throws(SettingsError) {
    dropRate = try Self.labelDropout(&settings)
    try settings.renamed("initial-deviation", to: "init-std")
    let deviation: Float = try settings[
      "init-std", default: 0.02, in: 0...1, about: "the standard deviation of initial class vectors"]
    let initial = Initialization.normal(standardDeviation: deviation)
    self.classes = Embedding(classes, width: width, weight: initial, &random)
    unconditional = Parameter(initial([1, width], &random), role: .embedding)
  }

  /// Returns the vector of each label [batch, width].
  func callAsFunction(_ labels: [Int?]) -> Condition { Condition(vector: vectors(labels)) }
}

@section("overtone_parts") @used private let registration: Registration = { $0.registry.add(ClassVector.self) }
