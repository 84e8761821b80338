import Networks
import Tensors

/// The parts of one autoregressive model, whatever they are.
public struct Model: Module {
  public var quantizer: any Quantizer
  public var direction: any RegressionDirection
  public var conditioner: any Conditioner
  public var backbone: any Backbone
  public var loss: any TokenLoss

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

  /// The training loss of every asked token: latent [batch, rows, columns, channels] and labels [batch]; [batch, asked].
  public func trainingLoss(_ latent: Tensor, _ labels: [Int], progress: Float, _ random: inout Random) -> Tensor {
    let batch = latent.shape[0], canvas = direction.canvas(of: latent, by: quantizer)
    let turn = direction.trainingTurn(batch: batch, progress: progress, &random)
    let view = direction.view(of: canvas, at: turn, by: quantizer)
    let chances = random.uniform([batch], "label-drop").scalars
    let told = zip(labels, chances).map { label, chance in chance < conditioner.dropRate ? nil : Optional(label) }
    var dropout: Random? = random
    let hidden = backbone(view, given: conditioner(told), cache: nil, &dropout)
    let losses = loss(
      hidden, canvas[turn.predictedSlots(of: direction.layout.slots.count, batch: batch)], levels: view.predictedLevels,
      &random)
    return turn.weights.map { losses * $0 } ?? losses
  }
}
