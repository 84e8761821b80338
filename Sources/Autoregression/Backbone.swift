import Networks
import Settings
import Tensors

/// The shapes that a backbone must fit.
public struct BackboneShape: Sendable {
  /// The direction's layout.
  public var layout: Layout
  /// The space of input tokens.
  public var space: TokenSpace
  /// The number of tokens that the conditioner puts before the sequence.
  public var prefixCount: Int
  /// True if the condition has a vector.
  public var hasVector: Bool
  /// True if inputs are tokens of the canvas, with codes; false if the direction computes them.
  public var feedsCodes: Bool
  /// True if turns show equally many tokens of every sample.
  public var showsEqually: Bool

  /// The shapes of a model.
  public init(
    layout: Layout, space: TokenSpace, prefixCount: Int, hasVector: Bool, feedsCodes: Bool = true,
    showsEqually: Bool = true
  ) {
    self.layout = layout
    self.space = space
    self.prefixCount = prefixCount
    self.hasVector = hasVector
    self.feedsCodes = feedsCodes
    self.showsEqually = showsEqually
  }
}

/// A network from the inputs of a turn to one hidden state for each predicted position.
public protocol Backbone: Component, Module {
  /// Reads the width of conditions from settings alone, so that the conditioner can be made before the backbone.
  static func conditionWidth(_ settings: inout Settings) throws(SettingsError) -> Int
  /// Reads its settings and makes parameters.
  init(_ settings: inout Settings, for shape: BackboneShape, _ random: inout Random) throws(SettingsError)
  /// The width of hidden states.
  var width: Int { get }
  /// The vectors of codes [vocabulary, width] that are the weights of the head, too; nil: it has weights of its own.
  var outputTable: Parameter? { get }
  /// The roles of parameters without weight decay in the recipe that its settings name, the default of
  /// `training.undecayed`.
  var undecayed: [Parameter.Role] { get }
  /// Returns hidden states [batch, predicted, width]. `random` draws dropout masks; nil outside training.
  func callAsFunction(_ view: View, given condition: Condition, cache: AttentionCache?, _ random: inout Random?)
    -> Tensor
}

extension Backbone {
  /// Nil: the head has weights of its own.
  public var outputTable: Parameter? { nil }
  /// Biases, gains and codebooks, unless a backbone says otherwise.
  public var undecayed: [Parameter.Role] { Parameter.Role.usuallyUndecayed }
}
