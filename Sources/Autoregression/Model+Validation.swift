import Networks
import Tensors

/// Quantities of the tokens that one turn predicts, for validation: each [batch, predicted].
public struct TokenMeasures: Sendable {
  /// One quantity of every token.
  public struct Quantity: Sendable {
    /// "loss", "token-error".
    public var name: String
    /// [batch, predicted].
    public var values: Tensor
  }
  /// The loss first, then the others that the loss gives, without loss weights.
  public var quantities: [Quantity]
  /// The loss at the fraction of noise that was asked for, [batch, predicted]; nil for a loss that adds no noise.
  public var lossAtNoise: Tensor?
  /// Weights of the tokens in the training's loss, [batch, predicted]; nil if all weigh 1.
  public var weights: Tensor?
  /// Levels of the tokens, [batch][predicted].
  public var levels: Indices
  /// The fraction of positions without an input, [batch].
  public var maskRatios: [Double]
}

extension Model {
  /// Returns quantities of a turn as the end of training has it, for a latent [batch, rows, columns, channels] and
  /// labels [batch]: without dropout, and with every label. `noise` is a fraction of noise in [0, 1).
  public func measures(_ latent: Tensor, _ labels: [Int], noise: Float, _ random: inout Random) -> TokenMeasures {
    let batch = latent.shape[0], canvas = direction.canvas(of: latent, by: quantizer)
    let turn = direction.trainingTurn(batch: batch, progress: 1, &random)
    let view = direction.view(of: canvas, at: turn, by: quantizer)
    var dropout: Random?
    let hidden = backbone(view, given: conditioner(labels.map(Optional.some)), cache: nil, &dropout)
    let targets = canvas[turn.predictedSlots(of: direction.layout.slots.count, batch: batch)]
    let positions = view.predictedPositions, values = loss.validation(hidden, targets, at: positions, &random)
    return TokenMeasures(
      quantities: zip(loss.validationNames, values).map { .init(name: $0, values: $1) },
      lossAtNoise: loss.loss(hidden, targets, at: positions, noise: noise, &random), weights: turn.weights,
      levels: positions.levels,
      maskRatios: view.shown.map { 1 - Double($0.count) / Double(max(1, view.length)) })
  }
}
