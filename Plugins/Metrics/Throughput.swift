import Autoregression
import Settings
import Tensors

/// How fast pictures are made, decoding included: the time between asking for a batch and having it.
///
/// The first batch counts as the others do. A number of this machine and this moment, not of the model.
struct Throughput: Metric {
  static let key = "throughput"
  static let about = About("Pictures generated a second.")

  private var seconds = 0.0
  private var pictures = 0

  init(_ settings: inout Settings) throws(SettingsError) {}

  var subject: MetricSubject { .samples }

  mutating func observe(_ made: Tensor, beside real: Tensor) {}

  mutating func timed(seconds: Double, pictures: Int) {
    self.seconds += seconds
    self.pictures += pictures
  }

  func values() -> [Measurement] {
    guard seconds > 0 else { return [] }
    return [
      Measurement("images-per-second", Double(pictures) / seconds, lowerIsBetter: false),
      Measurement("seconds-per-image", seconds / Double(pictures), lowerIsBetter: true),
    ]
  }
}

@section("overtone_parts") @used private let registration: Registration = { $0.registry.add(Throughput.self) }
