import Settings
import Tensors

/// The factorization of an image: how a latent becomes tokens, and the order in which they are predicted.
///
/// A direction is pure: it has no weights, no state and no loop.
///
/// Its laws are checked by `lawsBroken(by:)` of AutoregressionTesting.
public protocol RegressionDirection: Component, Sendable {
  /// Reads its settings, for latents of the size `grid`; throws where the two do not go together.
  init(_ settings: inout Settings, over grid: Grid) throws(SettingsError)
  /// Slots of the canvas and groups of attention.
  var layout: Layout { get }
  /// The turn of one training step; `progress` is the fraction of training that is done, in [0, 1].
  func trainingTurn(batch: Int, progress: Float, _ random: inout Random) -> Turn
  /// The next turn of a generation, or nil at its end.
  func turn(after past: Past, batch: Int, _ random: inout Random) -> Turn?

  // With defaults for a canvas of one token per cell, whose tokens are the inputs:

  /// Analysis: latent [batch, height, width, channels] to one row per slot.
  func canvas(of latent: Tensor, by quantizer: any Quantizer) -> Tokens
  /// Synthesis: the latent [batch, height, width, channels] that the slots of the levels 0 ... level add up to.
  func latent(of canvas: Tokens, through level: Int, by quantizer: any Quantizer) -> Tensor
  /// Input tokens of a turn, one row for each position: [batch, length, width].
  func inputs(of canvas: Tokens, at turn: Turn, by quantizer: any Quantizer) -> Tokens
  /// True if turns follow the confidence of draws, so that the loss must give it.
  var needsConfidence: Bool { get }
  /// True if turns show equally many tokens of every sample.
  var showsEqually: Bool { get }
  /// The part of a latent that a level shows, for figures; nil where a level shows no part of an image.
  func version(of latent: Tensor, at level: Int, by quantizer: any Quantizer) -> Tensor?
}

extension RegressionDirection {
  /// The nearest token of each cell.
  public func canvas(of latent: Tensor, by quantizer: any Quantizer) -> Tokens {
    quantizer.tokens(nearest: latent.reshaped([latent.shape[0], layout.slots.count, latent.shape[3]]))
  }

  /// The tokens of the canvas as the cells of the latent.
  public func latent(of canvas: Tokens, through level: Int, by quantizer: any Quantizer) -> Tensor {
    canvas.values.reshaped([canvas.batch, layout.grid.height, layout.grid.width, canvas.values.shape[2]])
  }

  /// The tokens of the turn's slots, moved by the shift of the layout.
  public func inputs(of canvas: Tokens, at turn: Turn, by quantizer: any Quantizer) -> Tokens {
    if case .all = turn.slots, layout.shift == 0 { return canvas }
    return canvas[
      .perSample(
        turn.slots.indices(in: layout.slots.count, batch: canvas.batch).map { slots in
          slots.indices.map { slots[max(0, $0 - layout.shift)] }
        })]
  }

  /// False: turns do not depend on confidence.
  public var needsConfidence: Bool { false }

  /// True: a turn shows equally many tokens of every sample.
  public var showsEqually: Bool { true }

  /// The latent that the slots of the levels 0 ... level add up to; nil where all slots are of one level.
  public func version(of latent: Tensor, at level: Int, by quantizer: any Quantizer) -> Tensor? {
    guard layout.slots.contains(where: { $0.level != layout.slots[0].level }) else { return nil }
    return self.latent(of: canvas(of: latent, by: quantizer), through: level, by: quantizer)
  }

  /// The latent that all slots add up to.
  public func latent(of canvas: Tokens, by quantizer: any Quantizer) -> Tensor {
    latent(of: canvas, through: layout.levels - 1, by: quantizer)
  }

  /// A turn with its inputs filled in, for training and generation alike.
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
