import Networks
import Settings
import Tensors

/// What a backbone is made for.
public struct BackboneShape: Sendable {
  public var layout: Layout
  public var space: TokenSpace
  /// How many tokens the conditioner puts first.
  public var prefixCount: Int
  /// Whether there is a vector for every layer.
  public var hasVector: Bool
  /// Whether rows of a view are tokens as they are, with their codes.
  public var feedsCodes: Bool

  public init(
    layout: Layout, space: TokenSpace, prefixCount: Int, hasVector: Bool, feedsCodes: Bool = true
  ) {
    self.layout = layout
    self.space = space
    self.prefixCount = prefixCount
    self.hasVector = hasVector
    self.feedsCodes = feedsCodes
  }
}

/// From a view to one vector for each asked place.
public protocol Backbone: Component, Module {
  /// The width its settings ask for; asked first, so that the conditioner can be made before it.
  static func width(_ settings: inout Settings) throws(SettingsError) -> Int
  init(_ settings: inout Settings, for shape: BackboneShape, _ random: inout Random) throws(SettingsError)
  var width: Int { get }
  /// [batch, asked, width]. `random` is nil outside training (nothing is dropped).
  func callAsFunction(_ view: View, given condition: Condition, cache: AttentionCache?, _ random: inout Random?)
    -> Tensor
}
