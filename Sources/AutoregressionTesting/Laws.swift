import Autoregression
import Tensors

/// Returns the names of the laws that a direction breaks, in alphabetical order; none when it is sound.
///
/// Every direction is tested with one line: `#expect(lawsBroken(by: direction) == [])`. A continuous space of tokens of
/// `width` numbers is used, so that nothing is lost in quantizing, and a batch of two or more, whose samples
/// differ.
///
/// - Round trip: the latent of a canvas laid out from a latent is that latent.
/// - Form: groups never decrease; slots lie in the image; shown and predicted positions are in the sequence, predicted
///   ones in ascending order; inputs have a row for each position; levels have labels.
/// - Completion: turns end, there are as many as they say, numbered from 0, and a canvas into which the true tokens are
///   written ends as the true canvas.
/// - Honesty: inputs do not depend on tokens that were not predicted yet. In training, the inputs that a group
///   attends to do not depend on targets of the group itself or of later ones. A turn with levels of its own is exempt
///   in training: its input is a filtered copy of the target on purpose. So are positions that are only copied: shown
///   and predicted, at less weight than others, where all attend to all.
/// - Agreement: the input at a position is the same in training and in generation, wherever both show its slot and,
///   where inputs are shifted, the slot before it is the same (exempt as above).
/// - Settled means closed: settled positions attend to none of the later ones, and do not move.
/// - Pinned stays: with some slots given from the start, turns still end, all others are predicted, and no input
///   depends on a token that is neither given nor predicted.
public func lawsBroken(by direction: any RegressionDirection, width: Int = 3, batch: Int = 2, seed: UInt64 = 7)
  -> [String]
{
  var trial = Trial(of: direction, width: width, batch: batch, seed: seed)
  trial.layOut()
  guard trial.isWellFormed else { return trial.broken.sorted() }
  trial.train()
  trial.generate(pinned: [])
  trial.generate(pinned: direction.layout.slots.indices.filter { direction.layout.slots[$0].row < 0.5 })
  return trial.broken.sorted()
}
