import Settings
import Tensors

/// A number with its name, as logs and tables show it.
public struct Measurement: Sendable, Equatable {
  /// The name of a column: "psnr".
  public var name: String
  /// The number.
  public var value: Double
  /// True if smaller is better, false if larger is; nil if neither.
  public var lowerIsBetter: Bool?

  /// A number with its name.
  public init(_ name: String, _ value: Double, lowerIsBetter: Bool? = nil) {
    self.name = name
    self.value = value
    self.lowerIsBetter = lowerIsBetter
  }
}

/// The images that a metric compares.
public enum MetricSubject: Sendable {
  /// Generated images with real ones, as sets.
  case samples
  /// Images with their reconstruction by the tokenizer, one by one.
  case reconstructions
}

/// A measure of the quality of images.
public protocol Metric: Component {
  /// Reads its settings.
  init(_ settings: inout Settings) throws(SettingsError)
  /// The images that it compares.
  var subject: MetricSubject { get }
  /// The names of all numbers that `values` may give, known before anything is measured: expectations are checked
  /// against them.
  var names: [String] { get }
  /// Adds generated (or reconstructed) and real images, both [batch, height, width, 3] in [-1, 1].
  mutating func observe(_ generated: Tensor, beside real: Tensor)
  /// Notes the seconds that the generation of the images took that are observed next; by default it does nothing.
  mutating func timed(seconds: Double, images: Int)
  /// The numbers over all images so far.
  func values() -> [Measurement]
}

extension Metric {
  /// Does nothing.
  public mutating func timed(seconds: Double, images: Int) {}
}
