import Autoregression
import Settings
import Tensors

/// How fast images are made, decoding included: the time between asking for a batch and having it.
///
/// The first batch counts as the others do. A number of this machine and this moment, not of the model.
struct Throughput: Metric {
  static let key = "throughput"
  static let about = About("Images generated a second.")

  private var seconds = 0.0
  private var images = 0

  init(_ settings: inout Settings) throws(SettingsError) {}

  var subject: MetricSubject { .samples }

  mutating func observe(_ made: Tensor, beside real: Tensor) {}

  mutating func timed(seconds: Double, images: Int) {
    self.seconds += seconds
    self.images += images
  }

  func values() -> [Measurement] {
    guard seconds > 0 else { return [] }
    return [
      Measurement("images-per-second", Double(images) / seconds, lowerIsBetter: false),
      Measurement("seconds-per-image", seconds / Double(images), lowerIsBetter: true),
    ]
  }
}

@section("overtone_parts") @used private let registration: Registration = { $0.registry.add(Throughput.self) }
