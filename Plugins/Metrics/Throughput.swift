import Autoregression
import Settings
import Tensors

/// Generated images per second of wall-clock time, decoding included.
///
/// The first batch is included. A property of the machine and its load, not only of the model.
struct Throughput: Metric {
  static let key = "throughput"
  static let about = About("Generated images per second.")

  private var seconds = 0.0
  private var images = 0

  init(_ settings: inout Settings) throws(SettingsError) {}

  var subject: MetricSubject { .samples }
  var names: [String] { ["images-per-second", "seconds-per-image"] }

  mutating func observe(_ generated: Tensor, beside real: Tensor) {}

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
