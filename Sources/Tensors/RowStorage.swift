/// Rows of each sample that are added to, without copying those before them each time: keys and values of a cache.
///
/// The rows of one head lie one behind the other, so that attention can ask for the next head's ahead of time. Room is
/// made for 64 rows at once. What is read shares memory with what is written next, so that a tensor read here is good
/// until the next `write` only.
public final class RowStorage {
  private var buffer: Buffer
  private var room = 0
  /// How many rows each sample has.
  public private(set) var count = 0
  private let batch: Int
  private let heads: Int
  /// Channels of a head.
  private let width: Int

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
    if start + new > room { grow(to: (start + new + 63) / 64 * 64, keeping: start) }
    var from = UnsafePointer(rows.buffer.pointer)
    for sample in 0..<batch {
      for row in start..<start + new {
        for head in 0..<heads {
          (buffer.pointer + ((sample * heads + head) * room + row) * width).update(from: from, count: width)
          from += width
        }
      }
    }
    count = start + new
  }

  /// All rows, head by head, and behind them rows of zeros or of what was replaced: [batch, heads, room, width].
  ///
  /// Only the first `count` rows count.
  public var tensor: Tensor { Tensor(shape: [batch, heads, room, width], buffer: buffer, node: nil) }

  private func grow(to larger: Int, keeping start: Int) {
    let new = Buffer(count: batch * heads * larger * width)
    new.pointer.update(repeating: 0, count: batch * heads * larger * width)
    for head in 0..<batch * heads {
      (new.pointer + head * larger * width).update(from: buffer.pointer + head * room * width, count: start * width)
    }
    (buffer, room) = (new, larger)
  }
}
