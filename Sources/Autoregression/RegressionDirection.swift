import Settings
import Tensors

/// How an image is cut into tokens and in what order they are asked for. Pure: no weights, no state, no loop.
///
/// Its laws are checked by `lawsBroken(by:)` of AutoregressionTesting.
public protocol RegressionDirection: Component, Sendable {
  init(_ settings: inout Settings, over grid: Grid) throws(SettingsError)
  var layout: Layout { get }
  /// The question that one training step asks; `progress` is the share of training done, 0...1.
  func trainingTurn(batch: Int, progress: Float, _ random: inout Random) -> Turn
  /// The next question of a generation, or nil at its end.
  func turn(after past: Past, batch: Int, _ random: inout Random) -> Turn?

  // With defaults for a canvas of one token per cell, fed as it is:

  /// Analysis: latent [batch, height, width, channels] to one row per slot.
  func canvas(of latent: Tensor, by quantizer: any Quantizer) -> Tokens
  /// Synthesis: what the slots up to and with `level` add up to, [batch, height, width, channels].
  func latent(of canvas: Tokens, through level: Int, by quantizer: any Quantizer) -> Tensor
  /// One row per place of the turn.
  func inputs(of canvas: Tokens, at turn: Turn, by quantizer: any Quantizer) -> Tokens
  /// Whether turns follow the confidence of draws, so that a loss must give it.
  var needsConfidence: Bool { get }
  /// What a level shows of a latent, for those who look; nil where levels show no part of an image.
  func version(of latent: Tensor, at level: Int, by quantizer: any Quantizer) -> Tensor?
}

extension RegressionDirection {
  public func canvas(of latent: Tensor, by quantizer: any Quantizer) -> Tokens {
    quantizer.tokens(nearest: latent.reshaped([latent.shape[0], layout.slots.count, latent.shape[3]]))
  }

  public func latent(of canvas: Tokens, through level: Int, by quantizer: any Quantizer) -> Tensor {
    canvas.values.reshaped([canvas.batch, layout.grid.height, layout.grid.width, canvas.values.shape[2]])
  }

  public func inputs(of canvas: Tokens, at turn: Turn, by quantizer: any Quantizer) -> Tokens {
    if case .all = turn.slots, layout.shift == 0 { return canvas }
    return canvas[
      .perSample(
        turn.slots.indices(in: layout.slots.count, batch: canvas.batch).map { places in
          places.indices.map { places[max(0, $0 - layout.shift)] }
        })]
  }

  public var needsConfidence: Bool { false }

  /// What the slots up to a level say of it; nil where all slots are of one level.
  public func version(of latent: Tensor, at level: Int, by quantizer: any Quantizer) -> Tensor? {
    guard layout.slots.contains(where: { $0.level != layout.slots[0].level }) else { return nil }
    return self.latent(of: canvas(of: latent, by: quantizer), through: level, by: quantizer)
  }

  /// The whole latent.
  public func latent(of canvas: Tokens, by quantizer: any Quantizer) -> Tensor {
    latent(of: canvas, through: layout.levels - 1, by: quantizer)
  }

  /// A turn with its inputs filled in; the same function serves training and generation.
  public func view(of canvas: Tokens, at turn: Turn, by quantizer: any Quantizer) -> View {
    let slots = (0..<canvas.batch).map { sample in
      turn.slots.indices(in: layout.slots.count, sample: sample).map { index in
        var slot = layout.slots[index]
        if let levels = turn.levels { slot.level = levels[levels.count == 1 ? 0 : sample] }
        return slot
      }
    }
    let fed = slots.map { row in row.indices.map { $0 < layout.shift ? nil : row[$0 - layout.shift] } }
    return View(
      turn: turn, slots: slots, fed: fed, groups: Array(layout.groups[..<(slots.first?.count ?? 0)]),
      inputs: inputs(of: canvas, at: turn, by: quantizer))
  }
}
