/// A range of scalars of one tensor out of each of several lists: those read, and those written.
public struct Chunk {
  /// Index of the tensor in its list.
  public let index: Int
  /// Number of scalars.
  public let count: Int
  /// First scalar of the range, one pointer per list that is read.
  public let inputs: [UnsafePointer<Float>]
  /// First scalar of the range, one pointer per list that is written.
  public let outputs: [UnsafeMutablePointer<Float>]
}

extension Tensor {
  /// Computes `outputs` lists of tensors elementwise from `lists`, in one pass on all threads; no gradient.
  ///
  /// Tensor i has the same shape in all lists, those returned included. `body` fills the outputs of one chunk and is
  /// called from several threads.
  public static func map(_ lists: [[Tensor]], outputs: Int, _ body: (Chunk) -> Void) -> [[Tensor]] {
    guard let first = lists.first else { return Array(repeating: [], count: outputs) }
    for list in lists {
      precondition(list.map(\.shape) == first.map(\.shape), "the lists of a map hold tensors of different shapes")
    }
    let results = (0..<outputs).map { _ in
      first.map { Tensor(shape: $0.shape, buffer: Buffer(count: $0.count), node: nil) }
    }
    forEachChunk(of: first.map(\.count)) { index, range in
      body(
        Chunk(
          index: index, count: range.count,
          inputs: lists.map { UnsafePointer($0[index].buffer.pointer) + range.lowerBound },
          outputs: results.map { $0[index].buffer.pointer + range.lowerBound }))
    }
    return results
  }

  /// Changes all tensors of `lists` in place, in one pass on all threads: an optimizer step.
  ///
  /// Tensor i has the same shape in all lists, those of `sources` included. `body` reads `inputs` from `sources`,
  /// changes `outputs` of `lists`, and is called from several threads. A tensor whose memory has another reference is
  /// copied first, so that no other value changes.
  public static func updateInPlace(_ lists: inout [[Tensor]], reading sources: [[Tensor]], _ body: (Chunk) -> Void) {
    guard let first = lists.first else { return }
    let shapes = first.map(\.shape)
    for list in lists + sources {
      precondition(list.map(\.shape) == shapes, "the lists of an update hold tensors of different shapes")
    }
    for list in lists.indices {
      for index in lists[list].indices where !isKnownUniquelyReferenced(&lists[list][index].buffer) {
        let old = lists[list][index]
        lists[list][index] = Tensor(unfilled: old.shape) {
          $0.baseAddress!.update(from: old.buffer.pointer, count: old.count)
        }
      }
    }
    PackedWeights.discard(of: lists.joined().lazy.map(\.buffer))
    let targets = lists.map { $0.map(\.buffer.pointer) }
    forEachChunk(of: shapes.map(\.product)) { index, range in
      body(
        Chunk(
          index: index, count: range.count,
          inputs: sources.map { UnsafePointer($0[index].buffer.pointer) + range.lowerBound },
          outputs: targets.map { $0[index] + range.lowerBound }))
    }
  }

  /// Divides the items of several tensors, laid end to end, among the threads.
  ///
  /// `counts` are items per tensor and `cost` is roughly the operations of one. `body` receives the tensor's index and
  /// a range of its items.
  static func forEachChunk(of counts: [Int], cost: Int = 4, _ body: (_ index: Int, _ range: Range<Int>) -> Void) {
    parallel(counts.reduce(0, +), cost: cost, unit: 16) { range in
      var start = 0
      for (index, count) in counts.enumerated() {
        let part = range.clamped(to: start..<start + count)
        if !part.isEmpty { body(index, part.lowerBound - start..<part.upperBound - start) }
        start += count
      }
    }
  }
}
