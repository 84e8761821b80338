/// Rows of each sample that are added to, without copying those before them each time: the keys, or the values, of a
/// cache.
///
/// Sixteen rows of one head lie one behind the other, then those of the next head, and so on: attention to all of them
/// reads one stretch of memory from end to end. Room is made for 64 rows at once.
public final class RowStorage {
  /// Rows that lie together.
  static let block = 16

  private var buffer: Buffer
  private var room = 0
  /// How many rows each sample has.
  public private(set) var count = 0
  let batch: Int
  let heads: Int
  /// Channels of a head.
  let width: Int

  /// For rows of `heads` times `width` channels.
  public init(batch: Int, heads: Int, width: Int) {
    self.batch = batch
    self.heads = heads
    self.width = width
    buffer = Buffer(count: 0)
  }

  /// Puts rows [batch, n, heads * width] after the first `start`, in place of all that came after these.
  public func write(_ rows: Tensor, after start: Int) {
    precondition(
      rows.shape.count == 3 && rows.shape[0] == batch && rows.shape[2] == heads * width,
      "rows of shape \(rows.shape) do not go into a storage of \(batch) samples, \(heads) heads and width \(width)")
    precondition((0...count).contains(start), "there are \(count) rows, not \(start)")
    let new = rows.shape[1]
    if start + new > room { grow(to: (start + new + 63) / 64 * 64) }
    var from = UnsafePointer(rows.buffer.pointer)
    for sample in 0..<batch {
      for row in start..<start + new {
        for head in 0..<heads {
          place(sample, row, head).update(from: from, count: width)
          from += width
        }
      }
    }
    count = start + new
  }

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
    for sample in 0..<batch {
      let to = new.pointer + sample * larger * each
      to.update(from: buffer.pointer + sample * room * each, count: room * each)
      // Rows that are not there yet are read, and then not looked at.
      (to + room * each).update(repeating: 0, count: (larger - room) * each)
    }
    (buffer, room) = (new, larger)
  }
}
