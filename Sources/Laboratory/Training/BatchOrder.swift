import Tensors

/// The order in which training visits samples: another permutation in every epoch, a function of seed and step alone.
struct BatchOrder {
  let count: Int
  let batch: Int
  let seed: UInt64
  /// The epoch of `permutation`; -1 before the first.
  private var epoch = -1
  private var permutation: [Int] = []

  /// `count` samples in batches of `batch`.
  init(count: Int, batch: Int, seed: UInt64) {
    self.count = count
    self.batch = batch
    self.seed = seed
  }

  /// Returns the sample indices of step 0, 1, ...; a batch may span two epochs.
  mutating func rows(at step: Int) -> [Int] {
    (step * batch..<(step + 1) * batch).map { position in
      if position / count != epoch {
        epoch = position / count
        permutation = Random(seed: seed, step: epoch).orders(of: count, "epoch")[0]
      }
      return permutation[position % count]
    }
  }
}
