import Autoregression
import Networks
import Settings
import Tensors

/// One learned vector before all tokens, whatever the label.
struct Unconditional: Conditioner {
  static let key = "unconditional"
  static let about = About("One learned vector before all tokens; labels are ignored.")

  /// [1, 1, width]
  let start: Parameter
  var prefixCount: Int { 1 }
  var givesVector: Bool { false }
  /// No label is dropped: all are the same.
  var dropRate: Float { 0 }

  init(_ settings: inout Settings, classes: Int, width: Int, _ random: inout Random) throws(SettingsError) {
    start = Parameter(Initialization.normal(standardDeviation: 0.02)([1, 1, width], &random), role: .embedding)
  }

  /// Returns the same prefix [batch, 1, width] for all labels.
  func callAsFunction(_ labels: [Int?]) -> Condition {
    Condition(prefix: start() + Tensor(zeros: [labels.count, 1, start.value.shape[2]]))
  }
}

@section("overtone_parts") @used private let registration: Registration = { $0.registry.add(Unconditional.self) }
