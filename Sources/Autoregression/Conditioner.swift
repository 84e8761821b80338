import Networks
import Settings
import Tensors

/// What a generation is told: tokens before all others, a vector for every layer, or neither.
public struct Condition: Sendable {
  /// [batch, count, width]
  public var prefix: Tensor?
  /// [batch, width]
  public var vector: Tensor?

  public init(prefix: Tensor? = nil, vector: Tensor? = nil) {
    self.prefix = prefix
    self.vector = vector
  }

  /// Two conditions one after the other along the batch.
  public func stacked(on other: Condition) -> Condition {
    func joined(_ a: Tensor?, _ b: Tensor?) -> Tensor? {
      guard let a, let b else { return nil }
      return Tensor.concatenated([a, b], axis: 0)
    }
    return Condition(prefix: joined(prefix, other.prefix), vector: joined(vector, other.vector))
  }
}

/// From class labels to a condition, in the width of the backbone.
public protocol Conditioner: Component, Module {
  /// `width` is that of the backbone, which is told `prefixCount` in turn.
  init(_ settings: inout Settings, classes: Int, width: Int, _ random: inout Random) throws(SettingsError)
  /// How many prefix tokens it makes.
  var prefixCount: Int { get }
  /// Whether it makes a vector.
  var givesVector: Bool { get }
  /// The share of training samples that are told nothing, so that the model learns both.
  var dropRate: Float { get }
  /// One label per sample; nil: the learned "no condition".
  func callAsFunction(_ labels: [Int?]) -> Condition
}
