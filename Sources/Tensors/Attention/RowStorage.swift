/// The keys, or the values, of a cache: rows of each sample that grow without copying earlier ones.
///
/// Layout [batch, blocks, heads, 16, headDim]: sixteen rows of one head lie one behind the other, then those of the
/// next head, so that attention reads memory from end to end. Memory for `capacity` rows is allocated at once, after
/// that for 64 more at a time.
public final class RowStorage {
  /// Rows of a head that lie together.
  static let block = 16

  private var buffer: Buffer
  /// Rows for which there is memory.
  private var allocated = 0
  /// Rows that hold finite numbers: the rest of a block is read with it, though its result is not used.
  private var initialized = 0
  private let capacity: Int
  /// The rows that each sample has.
  public private(set) var count = 0
  let batch: Int
  let heads: Int
  /// Channels of a head.
  let headDim: Int

  /// An empty storage for rows of `heads * width` channels; `capacity` is the expected number of rows, 0 if unknown.
  public init(batch: Int, heads: Int, width headDim: Int, capacity: Int = 0) {
    self.capacity = capacity
    self.batch = batch
    self.heads = heads
    self.headDim = headDim
    buffer = Buffer(count: 0)
  }

  /// Writes rows at positions `start` and following, in place of all rows that came after the first `start`.
  ///
  /// `rows` [batch, n, channels], of which the heads * headDim channels from `channelOffset` on are taken.
  public func write(_ rows: Tensor, channelOffset: Int = 0, at start: Int) {
    precondition(
      rows.shape.count == 3 && rows.shape[0] == batch && channelOffset >= 0
        && rows.shape[2] >= channelOffset + heads * headDim,
      "rows of shape \(rows.shape) do not go into a storage of \(batch) samples, \(heads) heads and width \(headDim)")
    precondition((0...count).contains(start), "there are \(count) rows, not \(start)")
    let new = rows.shape[1], stride = rows.shape[2], end = start + new
    if end > allocated { grow(to: end <= capacity ? Self.wholeBlocks(capacity) : (end + 63) / 64 * 64) }
    let whole = Self.wholeBlocks(end), addsBlock = whole > initialized
    parallel(batch, cost: new * heads * headDim) { range in
      for sample in range {
        for row in 0..<new {
          var source = UnsafePointer(rows.buffer.pointer) + ((sample * new + row) * stride + channelOffset)
          for head in 0..<heads {
            pointer(sample: sample, row: start + row, head: head).update(from: source, count: headDim)
            source += headDim
          }
        }
        guard addsBlock else { continue }
        for row in end..<whole {
          for head in 0..<heads {
            pointer(sample: sample, row: row, head: head).update(repeating: 0, count: headDim)
          }
        }
      }
    }
    count = end
    initialized = Swift.max(initialized, whole)
  }

  /// A number of rows, rounded up to whole blocks.
  private static func wholeBlocks(_ rows: Int) -> Int { (rows + block - 1) / block * block }

  /// The rows of one head of one sample: [count, headDim].
  public func rows(of sample: Int, head: Int) -> Tensor {
    Tensor(unfilled: [count, headDim]) { copy(sample: sample, head: head, rows: count, into: $0.baseAddress!) }
  }

  /// The first element of a row of a head; up to the end of its block the next rows follow.
  func pointer(sample: Int, row: Int, head: Int) -> UnsafeMutablePointer<Float> {
    let block = (sample &* (allocated / Self.block) &+ row / Self.block) &* heads &+ head
    return buffer.pointer + (block &* Self.block &+ row % Self.block) &* headDim
  }

  /// Copies the first rows of one head to lie one behind the other: [rows, headDim].
  func copy(sample: Int, head: Int, rows: Int, into target: UnsafeMutablePointer<Float>) {
    for row in stride(from: 0, to: rows, by: Self.block) {
      (target + row * headDim).update(
        from: pointer(sample: sample, row: row, head: head), count: Swift.min(Self.block, rows - row) * headDim)
    }
  }

  private func grow(to larger: Int) {
    let rowSize = heads * headDim, new = Buffer(count: batch * larger * rowSize)
    parallel(batch, cost: initialized * rowSize) { range in
      for sample in range {
        (new.pointer + sample * larger * rowSize).update(
          from: buffer.pointer + sample * allocated * rowSize, count: initialized * rowSize)
      }
    }
    (buffer, allocated) = (new, larger)
  }
}
