import Networks
import Settings
import Tensors

/// What a loss samples from.
public struct Guided: Sendable {
  /// [batch, asked, width]
  public var conditional: Tensor
  /// The same without the condition; nil when guidance is 1 and costs nothing.
  public var unconditional: Tensor?
  /// u + scale (c - u).
  public var scale: Float
  public var temperature: Float

  public init(conditional: Tensor, unconditional: Tensor? = nil, scale: Float = 1, temperature: Float = 1) {
    self.conditional = conditional
    self.unconditional = unconditional
    self.scale = scale
    self.temperature = temperature
  }

  /// u + scale (c - u), for what is linear in what the backbone says.
  public var mixed: Tensor {
    guard scale != 1, let unconditional else { return conditional }
    return unconditional + (conditional - unconditional) * scale
  }
}

/// How one token is modelled, given what the backbone says of its place.
public protocol TokenLoss: Component, Module {
  /// `levels` is how many level labels the direction has; `hidden` the width of the backbone.
  init(_ settings: inout Settings, of space: TokenSpace, from hidden: Int, levels: Int, _ random: inout Random)
    throws(SettingsError)
  /// One number per asked token: hidden [batch, asked, width], answers' rows the same; [batch, asked].
  func callAsFunction(_ hidden: Tensor, _ answers: Tokens, levels: Indices, _ random: inout Random) -> Tensor
  func sample(_ hidden: Guided, levels: Indices, at moment: Moment, _ random: inout Random) -> Draw
  /// Measures what it needs of real tokens before training (their range, their spread); stored as state.
  ///
  /// `levels` [batch][rows] is the level of the slot that each token was taken from.
  mutating func calibrate(on answers: Tokens, levels: Indices)
  /// Whether draws come with a confidence.
  var givesConfidence: Bool { get }
  /// Evaluations of its network for each token in a training step, for estimates of cost.
  var trainingEvaluations: Int { get }
  /// How often a draw passes each token through its network at a moment; for those who compare costs.
  func evaluations(at moment: Moment) -> Int
  /// The loss where so large a share of a token is noise, in [0, 1), for those who look; [batch, asked]. Nil for a loss
  /// that adds no noise.
  func loss(_ hidden: Tensor, _ answers: Tokens, levels: Indices, noise: Float, _ random: inout Random) -> Tensor?
}

extension TokenLoss {
  public mutating func calibrate(on answers: Tokens, levels: Indices) {}
  public var givesConfidence: Bool { false }
  public var trainingEvaluations: Int { 1 }
  public func evaluations(at moment: Moment) -> Int { 1 }
  public func loss(_ hidden: Tensor, _ answers: Tokens, levels: Indices, noise: Float, _ random: inout Random)
    -> Tensor?
  { nil }
}
