import Settings
import Tensors

/// One number with its name, as logs and tables show it.
public struct Measurement: Sendable, Equatable {
  public var name: String
  public var value: Double
  /// Whether a smaller number is the better one; nil: neither.
  public var lowerIsBetter: Bool?

  public init(_ name: String, _ value: Double, lowerIsBetter: Bool? = nil) {
    self.name = name
    self.value = value
    self.lowerIsBetter = lowerIsBetter
  }
}

/// What a metric looks at.
public enum MetricSubject: Sendable {
  /// Generated images against real ones, in no order.
  case samples
  /// Images against their own reconstruction by the tokenizer, one by one.
  case reconstructions
}

/// A number that says how good images are.
public protocol Metric: Component {
  init(_ settings: inout Settings) throws(SettingsError)
  var subject: MetricSubject { get }
  /// Images [batch, height, width, 3] in [-1, 1], as many of both.
  mutating func observe(_ made: Tensor, beside real: Tensor)
  /// How long the generation of the images took that are observed next; most do not care.
  mutating func timed(seconds: Double, images: Int)
  func values() -> [Measurement]
}

extension Metric {
  public mutating func timed(seconds: Double, images: Int) {}
}
