import Tensors

/// The order in which training visits samples: another permutation in every epoch, a function of seed and step alone.
///
/// By default each permutation has the same probability. With a window, blocks of samples that are read together are
/// permuted, and then the samples of every `window` successive ones, so that few blocks are in use at a time.
package struct BatchOrder: Sendable {
  let count: Int
  let batch: Int
  let seed: UInt64
  /// Samples that are permuted together; 0: all.
  let window: Int
  /// The first sample of each block, and `count`.
  private let blockStarts: [Int]
  /// The epoch of `permutation`; -1 before the first.
  private var epoch = -1
  private var permutation: [Int] = []

  /// `count` samples in batches of `batch`.
  package init(count: Int, batch: Int, seed: UInt64, window: Int = 0, blockStarts: [Int] = []) {
    self.count = count
    self.batch = batch
    self.seed = seed
    self.window = window
    self.blockStarts = window == 0 ? [] : blockStarts.isEmpty ? Array(0...count) : blockStarts
  }

  /// Returns the sample indices of step 0, 1, ...; a batch may span two epochs.
  package mutating func rows(at step: Int) -> [Int] {
    (step * batch..<(step + 1) * batch).map { position in
      if position / count != epoch {
        epoch = position / count
        permutation = window == 0 ? Random(seed: seed, step: epoch).orders(of: count, "epoch")[0] : windowed()
      }
      return permutation[position % count]
    }
  }

  /// The order of an epoch by blocks and windows.
  private func windowed() -> [Int] {
    let blocks = Random(seed: seed, step: epoch).orders(of: blockStarts.count - 1, "blocks")[0]
    let order = blocks.flatMap { Array(blockStarts[$0]..<blockStarts[$0 + 1]) }
    return stride(from: 0, to: count, by: window).flatMap { start in
      let part = order[start..<min(count, start + window)]
      let random = Random(seed: seed, step: epoch, samples: [start / window])
      return random.orders(of: part.count, "window")[0].map { order[start + $0] }
    }
  }
}
