import Networks
import Settings
import Tensors

/// The condition of a generation: tokens before the sequence, a vector for all layers, both, or neither.
public struct Condition: Sendable {
  /// Tokens before the sequence, [batch, count, width].
  public var prefix: Tensor?
  /// A vector for all layers, [batch, width].
  public var vector: Tensor?

  /// No condition unless arguments say otherwise.
  public init(prefix: Tensor? = nil, vector: Tensor? = nil) {
    self.prefix = prefix
    self.vector = vector
  }

  /// Returns the condition of a batch of this one's samples followed by the other's.
  public func stacked(on other: Condition) -> Condition {
    func joined(_ a: Tensor?, _ b: Tensor?) -> Tensor? {
      guard let a, let b else { return nil }
      return Tensor.concatenated([a, b], axis: 0)
    }
    return Condition(prefix: joined(prefix, other.prefix), vector: joined(vector, other.vector))
  }
}

/// A network from class labels to a condition, in the width that the backbone takes.
public protocol Conditioner: Component, Module {
  /// Reads its settings and makes parameters, for conditions of `width`.
  init(_ settings: inout Settings, classes: Int, width: Int, _ random: inout Random) throws(SettingsError)
  /// The number of prefix tokens.
  var prefixCount: Int { get }
  /// True if conditions have a vector.
  var givesVector: Bool { get }
  /// The probability of dropping a label in training, for classifier-free guidance (Ho and Salimans 2022).
  var dropRate: Float { get }
  /// Returns the condition of one label for each sample; nil is the learned "no condition".
  func callAsFunction(_ labels: [Int?]) -> Condition
}
