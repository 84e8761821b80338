import Networks
import Tensors

/// An autoregressive model, composed of its parts.
public struct Model: Module {
  /// From vectors to tokens.
  public var quantizer: any Quantizer
  /// Tokens of an image, and their order.
  public var direction: any RegressionDirection
  /// From labels to a condition.
  public var conditioner: any Conditioner
  /// From inputs to hidden states.
  public var backbone: any Backbone
  /// From hidden states to tokens.
  public var loss: any TokenLoss

  /// A model of these parts, which must fit each other.
  public init(
    quantizer: any Quantizer, direction: any RegressionDirection, conditioner: any Conditioner,
    backbone: any Backbone, loss: any TokenLoss
  ) {
    self.quantizer = quantizer
    self.direction = direction
    self.conditioner = conditioner
    self.backbone = backbone
    self.loss = loss
  }

  /// Returns the training loss of each predicted token, [batch, predicted], for a latent
  /// [batch, rows, columns, channels] and labels [batch].
  public func trainingLoss(_ latent: Tensor, _ labels: [Int], progress: Float, _ random: inout Random) -> Tensor {
    let batch = latent.shape[0], canvas = direction.canvas(of: latent, by: quantizer)
    let turn = direction.trainingTurn(batch: batch, progress: progress, &random)
    let view = direction.view(of: canvas, at: turn, by: quantizer)
    let draws = random.uniform([batch], "label-drop").scalars
    let conditioning = zip(labels, draws).map { label, draw in draw < conditioner.dropRate ? nil : Optional(label) }
    var dropout: Random? = random
    let hidden = backbone(view, given: conditioner(conditioning), cache: nil, &dropout)
    let losses = loss(
      hidden, canvas[turn.predictedSlots(of: direction.layout.slots.count, batch: batch)],
      at: view.predictedPositions, &random)
    return turn.weights.map { losses * $0 } ?? losses
  }
}
