/// Rows of each sample that are added to, without copying those before them each time: the keys, or the values, of a
/// cache.
///
/// Sixteen rows of one head lie one behind the other, then those of the next head, and so on: attention to all of them
/// reads one chunk of memory from end to end. Room is made for as many rows as are expected, and then for 64 at once.
public final class RowStorage {
  /// Rows that lie together.
  static let block = 16

  private var buffer: Buffer
  private var room = 0
  /// Rows up to which there are numbers: those that are not there yet are read with their block, and not looked at.
  private var written = 0
  private let expected: Int
  /// How many rows each sample has.
  public private(set) var count = 0
  let batch: Int
  let heads: Int
  /// Channels of a head.
  let width: Int

  /// For rows of `heads` times `width` channels, so many as far as is known.
  public init(batch: Int, heads: Int, width: Int, capacity rows: Int = 0) {
    expected = rows
    self.batch = batch
    self.heads = heads
    self.width = width
    buffer = Buffer(count: 0)
  }

  /// Puts rows [batch, n, channels], of which heads * width from `channel` on, after the first `start`, in place of all that
  /// came after these.
  public func write(_ rows: Tensor, channelOffset channel: Int = 0, at start: Int) {
    precondition(
      rows.shape.count == 3 && rows.shape[0] == batch && channel >= 0 && rows.shape[2] >= channel + heads * width,
      "rows of shape \(rows.shape) do not go into a storage of \(batch) samples, \(heads) heads and width \(width)")
    precondition((0...count).contains(start), "there are \(count) rows, not \(start)")
    let new = rows.shape[1], stride = rows.shape[2], end = start + new
    if end > room { grow(to: end <= expected ? Self.blocks(expected) : (end + 63) / 64 * 64) }
    let whole = Self.blocks(end), isNew = whole > written
    parallel(batch, cost: new * heads * width) { range in
      for sample in range {
        for row in 0..<new {
          var from = UnsafePointer(rows.buffer.pointer) + ((sample * new + row) * stride + channel)
          for head in 0..<heads {
            place(sample, start + row, head).update(from: from, count: width)
            from += width
          }
        }
        guard isNew else { continue }
        for row in end..<whole {
          for head in 0..<heads { place(sample, row, head).update(repeating: 0, count: width) }
        }
      }
    }
    count = end
    written = Swift.max(written, whole)
  }

  /// So many rows, rounded up to whole blocks.
  private static func blocks(_ rows: Int) -> Int { (rows + block - 1) / block * block }

  /// The rows of one head of one sample: [count, width].
  public func rows(of sample: Int, head: Int) -> Tensor {
    Tensor(unfilled: [count, width]) { copy(sample, head, rows: count, into: $0.baseAddress!) }
  }

  /// Where a row of a head lies; up to the end of its block the next rows follow.
  func place(_ sample: Int, _ row: Int, _ head: Int) -> UnsafeMutablePointer<Float> {
    let block = (sample &* (room / Self.block) &+ row / Self.block) &* heads &+ head
    return buffer.pointer + (block &* Self.block &+ row % Self.block) &* width
  }

  /// The first rows of one head, one behind the other: [rows, width].
  func copy(_ sample: Int, _ head: Int, rows: Int, into target: UnsafeMutablePointer<Float>) {
    for row in stride(from: 0, to: rows, by: Self.block) {
      (target + row * width).update(
        from: place(sample, row, head), count: Swift.min(Self.block, rows - row) * width)
    }
  }

  private func grow(to larger: Int) {
    let each = heads * width, new = Buffer(count: batch * larger * each)
    parallel(batch, cost: written * each) { range in
      for sample in range {
        let to = new.pointer + sample * larger * each
        to.update(from: buffer.pointer + sample * room * each, count: written * each)
      }
    }
    (buffer, room) = (new, larger)
  }
}
