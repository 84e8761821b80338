import Autoregression
import Tensors

/// The laws that a direction breaks, by name and in alphabetical order; empty when it is sound.
///
/// Every direction is tested with one line: `#expect(lawsBroken(by: direction) == [])`. A continuous space of tokens of
/// `width` numbers is used, so that nothing is lost in quantizing, and a batch of two or more, so that samples can be
/// told apart.
///
/// - Round trip: the latent of a canvas laid out from a latent is that latent.
/// - Form: groups never decrease; slots lie in the image; what is shown and asked is among the places, and asked in
///   ascending order; inputs have a row a place; levels have labels.
/// - Completion: turns end, there are as many as they said, numbered from 0, and a canvas fed the truth ends as the
///   truth.
/// - Honesty: what is shown does not depend on what has not been answered. In training: what a group sees does not
///   depend on answers of its own group or of later ones. A turn with levels of its own is exempt in training: it shows
///   a filtered copy of the answer on purpose. So are places that are to be copied: shown and asked, at less weight
///   than others, where all see all.
/// - Agreement: a place is fed in training what it is fed while generating, wherever both show it and, where tokens are
///   fed to the next place, behind the same one (exempt as above).
/// - Settled means closed: settled places see none of the later ones, and do not move.
/// - Pinned stays: with some slots given from the start, turns still end, all else is answered, and nothing is shown
///   that is neither given nor answered.
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
