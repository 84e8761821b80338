import Autoregression
import Networks
import Settings
import Tensors

/// The class as one vector: for every place, or for the first only, as the backbone says (VAR; arXiv 2404.02905).
struct ClassVector: Conditioner {
  static let key = "class-vector"
  static let about = About("One class vector for every place.", source: "Tian et al. 2024 (VAR), arXiv 2404.02905")
  static let checkpointMappings = [ClassTable.nextScale, ClassTable.llama]

  let classes: Embedding
  let nothing: Parameter
  let dropRate: Float
  var prefixCount: Int { 0 }
  var givesVector: Bool { true }

  init(_ settings: inout Settings, classes: Int, width: Int, _ random: inout Random) throws(SettingsError) {
    dropRate = try settings["drop", default: 0.1, in: 0...1, about: "share of training samples told nothing"]
    let deviation: Float = try settings[
      "initial-deviation", default: 0.02, in: 0...1, about: "of the vectors at the start"]
    self.classes = Embedding(classes, width: width, weight: .normal(standardDeviation: deviation), &random)
    nothing = Parameter(Initialization.normal(standardDeviation: deviation)([1, width], &random), decays: true)
  }

  func callAsFunction(_ labels: [Int?]) -> Condition { Condition(vector: told(labels, classes, nothing)) }
}

@section("overtone_parts") @used private let registration: Registration = { $0.registry.add(ClassVector.self) }
