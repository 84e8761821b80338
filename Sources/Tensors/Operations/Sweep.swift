/// A stretch of scalars of one tensor of each of several lists: those read, and those written.
public struct Stretch {
  /// Which tensor of the lists.
  public let index: Int
  public let count: Int
  public let inputs: [UnsafePointer<Float>]
  public let outputs: [UnsafeMutablePointer<Float>]
}

extension Tensor {
  /// New tensors made of old ones, all in one pass on all threads.
  ///
  /// `lists` are lists of as many tensors, tensor i of the same shape in all; gives `outputs` such lists. `body` fills
  /// one stretch of one tensor of each and is called from several threads.
  public static func swept(_ lists: [[Tensor]], outputs: Int, _ body: (Stretch) -> Void) -> [[Tensor]] {
    guard let first = lists.first else { return Array(repeating: [], count: outputs) }
    for list in lists {
      precondition(list.map(\.shape) == first.map(\.shape), "the lists of a sweep hold tensors of different shapes")
    }
    let made = (0..<outputs).map { _ in
      first.map { Tensor(shape: $0.shape, buffer: Buffer(count: $0.count), node: nil) }
    }
    walk(first.map(\.count)) { index, range in
      body(
        Stretch(
          index: index, count: range.count,
          inputs: lists.map { UnsafePointer($0[index].buffer.pointer) + range.lowerBound },
          outputs: made.map { $0[index].buffer.pointer + range.lowerBound }))
    }
    return made
  }

  /// New tensors made row by row of old ones, on all threads; no gradient.
  ///
  /// Each input is [rows, its width]; the outputs are [rows, width] for each width in `outputs`. `body` gets the row's
  /// number and where it starts in each, and is called from several threads; `cost` is roughly its operations.
  public static func rowwise(
    _ inputs: [Tensor], outputs: [Int], cost: Int,
    _ body: (_ row: Int, _ from: [UnsafePointer<Float>], _ to: [UnsafeMutablePointer<Float>]) -> Void
  ) -> [Tensor] {
    let rows = inputs.first?.shape[0] ?? 0
    precondition(inputs.allSatisfy { $0.shape[0] == rows }, "inputs of shapes \(inputs.map(\.shape)) differ in rows")
    let widths = inputs.map { $0.count / Swift.max(1, rows) }
    let made = outputs.map { Tensor(shape: [rows, $0], buffer: Buffer(count: rows * $0), node: nil) }
    parallel(rows, cost: cost) { range in
      var from = inputs.indices.map { UnsafePointer(inputs[$0].buffer.pointer) + range.lowerBound * widths[$0] }
      var to = outputs.indices.map { made[$0].buffer.pointer + range.lowerBound * outputs[$0] }
      for row in range {
        body(row, from, to)
        for i in from.indices { from[i] += widths[i] }
        for i in to.indices { to[i] += outputs[i] }
      }
    }
    return made
  }

  /// Changes all tensors of some lists in one pass on all threads; what an optimizer step is.
  ///
  /// `lists` and `beside` are lists of as many tensors, tensor i of the same shape in all. `body` reads a stretch of one
  /// tensor of each list of `beside` and changes one of each of `lists`, and is called from several threads. A tensor
  /// whose numbers somebody else holds is copied first: for others nothing changes.
  public static func sweep(_ lists: inout [[Tensor]], beside: [[Tensor]], _ body: (Stretch) -> Void) {
    guard let first = lists.first else { return }
    let shapes = first.map(\.shape)
    for list in lists + beside {
      precondition(list.map(\.shape) == shapes, "the lists of a sweep hold tensors of different shapes")
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
    let written = lists.map { $0.map(\.buffer.pointer) }
    walk(shapes.map(\.product)) { index, range in
      body(
        Stretch(
          index: index, count: range.count,
          inputs: beside.map { UnsafePointer($0[index].buffer.pointer) + range.lowerBound },
          outputs: written.map { $0[index] + range.lowerBound }))
    }
  }

  /// A tensor of a shape without numbers, to stand where those of another were taken from.
  public static func placeholder(_ shape: [Int]) -> Tensor {
    Tensor(shape: shape, buffer: Buffer(count: 0), node: nil)
  }

  /// The sum of the squares of all scalars of all tensors; in double precision from stretches of 4096.
  public static func sumOfSquares(_ tensors: [Tensor]) -> Double {
    let each = 4096, counts = tensors.map { ($0.count + each - 1) / each }
    let firsts = counts.indices.map { counts[..<$0].reduce(0, +) }, total = counts.reduce(0, +)
    var sums = [Double](repeating: 0, count: total)
    sums.withUnsafeMutableBufferPointer { sums in
      let sums = sums.baseAddress
      walk(counts, cost: each / 4) { index, range in
        let source = UnsafePointer(tensors[index].buffer.pointer), count = tensors[index].count
        for part in range {
          let lower = part * each
          sums?[firsts[index] + part] = Double(
            rowSum(source + lower, Swift.min(each, count - lower)) { $0 * $0 })
        }
      }
    }
    return sums.reduce(0, +)
  }

  /// Splits items of several tensors, laid end to end, among the threads.
  private static func walk(_ counts: [Int], cost: Int = 4, _ body: (_ index: Int, _ range: Range<Int>) -> Void) {
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
