import Networks
import Settings
import Tensors

/// Hidden states that a loss samples from, with and without the condition.
public struct Guided: Sendable {
  /// With the condition: [batch, predicted, width].
  public var conditional: Tensor
  /// Without the condition, of the same shape; nil where the guidance scale is 1, which needs no second pass.
  public var unconditional: Tensor?
  /// The guidance scale s in u + s (c - u), for conditional c and unconditional u.
  public var scale: Float
  /// The sampling temperature; 1: as trained.
  public var temperature: Float

  /// Hidden states without guidance at temperature 1 unless arguments say otherwise.
  public init(conditional: Tensor, unconditional: Tensor? = nil, scale: Float = 1, temperature: Float = 1) {
    self.conditional = conditional
    self.unconditional = unconditional
    self.scale = scale
    self.temperature = temperature
  }

  /// u + scale (c - u), for an estimate that is linear in the hidden states.
  public var mixed: Tensor {
    guard scale != 1, let unconditional else { return conditional }
    return unconditional + (conditional - unconditional) * scale
  }
}

/// The distribution of one token given the backbone's hidden state at its position.
public protocol TokenLoss: Component, Module {
  /// Reads its settings and makes parameters; `levels` is the number of level labels, `hidden` the backbone's width.
  init(_ settings: inout Settings, of space: TokenSpace, from hidden: Int, levels: Int, _ random: inout Random)
    throws(SettingsError)
  /// Returns the loss of each predicted token, [batch, predicted], from hidden states [batch, predicted, width] and the
  /// tokens that are right, as many.
  func callAsFunction(_ hidden: Tensor, _ targets: Tokens, levels: Indices, _ random: inout Random) -> Tensor
  /// Samples a token at each predicted position.
  func sample(_ hidden: Guided, levels: Indices, at moment: Moment, _ random: inout Random) -> Draw
  /// Measures statistics of real tokens before training (range, standard deviation); they are stored as state.
  ///
  /// `levels` [batch][rows] is the level of the slot that each token was taken from.
  mutating func calibrate(on targets: Tokens, levels: Indices)
  /// Takes vectors of codes [vocabulary, hidden] of the backbone as weights of its head; returns false where the head
  /// has no such weights.
  mutating func tie(to table: Parameter) -> Bool
  /// True if draws come with log-probabilities.
  var givesConfidence: Bool { get }
  /// Evaluations of its network for each token in a training step, for estimates of cost.
  var trainingEvaluations: Int { get }
  /// Evaluations of its network for each token in a draw at a moment, for estimates of cost.
  func evaluations(at moment: Moment) -> Int
  /// The loss [batch, predicted] at a noise level, the fraction of noise in [0, 1), for figures; nil for a loss that
  /// adds no noise.
  func loss(_ hidden: Tensor, _ targets: Tokens, levels: Indices, noise: Float, _ random: inout Random) -> Tensor?
  /// Names of the quantities of `validation`, "loss" first, known before anything runs.
  var validationNames: [String] { get }
  /// Quantities of each predicted token on images that no training sees, in the order of `validationNames`, each
  /// [batch, predicted]. Smaller is better.
  func validation(_ hidden: Tensor, _ targets: Tokens, at positions: PredictedPositions, _ random: inout Random)
    -> [Tensor]

  // With defaults for a loss that models each token alone, to which only levels matter:

  /// Returns the loss of each predicted token, as above, at the given positions.
  func callAsFunction(_ hidden: Tensor, _ targets: Tokens, at positions: PredictedPositions, _ random: inout Random)
    -> Tensor
  /// Samples a token at each of the given positions.
  func sample(_ hidden: Guided, at positions: PredictedPositions, moment: Moment, _ random: inout Random) -> Draw
  /// The loss at a noise level, as above, at the given positions.
  func loss(
    _ hidden: Tensor, _ targets: Tokens, at positions: PredictedPositions, noise: Float, _ random: inout Random
  ) -> Tensor?
}

extension TokenLoss {
  /// The loss of each token alone.
  public func callAsFunction(
    _ hidden: Tensor, _ targets: Tokens, at positions: PredictedPositions, _ random: inout Random
  ) -> Tensor {
    self(hidden, targets, levels: positions.levels, &random)
  }
  /// A sample of each token alone.
  public func sample(_ hidden: Guided, at positions: PredictedPositions, moment: Moment, _ random: inout Random)
    -> Draw
  {
    sample(hidden, levels: positions.levels, at: moment, &random)
  }
  /// The loss of each token alone.
  public func loss(
    _ hidden: Tensor, _ targets: Tokens, at positions: PredictedPositions, noise: Float, _ random: inout Random
  ) -> Tensor? {
    loss(hidden, targets, levels: positions.levels, noise: noise, &random)
  }
  /// Does nothing: a loss has no statistics of tokens unless it says otherwise.
  public mutating func calibrate(on targets: Tokens, levels: Indices) {}
  /// False: the head has no weight for each code, unless a loss says otherwise.
  public mutating func tie(to table: Parameter) -> Bool { false }
  /// False: draws come without log-probabilities unless a loss says otherwise.
  public var givesConfidence: Bool { false }
  /// 1: one evaluation of the network for each token.
  public var trainingEvaluations: Int { 1 }
  /// 1 at every moment: one evaluation of the network for each token.
  public func evaluations(at moment: Moment) -> Int { 1 }
  /// Nil: a loss adds no noise unless it says otherwise.
  public func loss(_ hidden: Tensor, _ targets: Tokens, levels: Indices, noise: Float, _ random: inout Random)
    -> Tensor?
  { nil }
  /// The loss alone.
  public var validationNames: [String] { ["loss"] }
  /// The loss as in training.
  public func validation(
    _ hidden: Tensor, _ targets: Tokens, at positions: PredictedPositions, _ random: inout Random
  ) -> [Tensor] {
    [self(hidden, targets, at: positions, &random)]
  }
}
