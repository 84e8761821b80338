/// Rows of each sample that are added to, without copying those before them each time: keys and values of a cache.
///
/// Room is made for 64 rows at once. What is read shares memory with what is written next, so that a tensor read here
/// is good until the next `write` only.
public final class RowStorage {
  private var buffer: Buffer
  private var room = 0
  /// How many rows each sample has.
  public private(set) var count = 0
  private let batch: Int
  private let width: Int

  public init(batch: Int, width: Int) {
    self.batch = batch
    self.width = width
    buffer = Buffer(count: 0)
  }

  /// Puts rows [batch, n, width] after the first `start`, in place of all that came after these.
  public func write(_ rows: Tensor, after start: Int) {
    precondition(
      rows.shape.count == 3 && rows.shape[0] == batch && rows.shape[2] == width,
      "rows of shape \(rows.shape) do not go into a storage of \(batch) samples and width \(width)")
    precondition((0...count).contains(start), "there are \(count) rows, not \(start)")
    let new = rows.shape[1]
    if start + new > room { grow(to: (start + new + 63) / 64 * 64, keeping: start) }
    for sample in 0..<batch {
      (buffer.pointer + (sample * room + start) * width).update(
        from: rows.buffer.pointer + sample * new * width, count: new * width)
    }
    count = start + new
  }

  /// All rows, and behind them rows of zeros or of what was replaced: [batch, room, width]. Only the first `count` count.
  public var tensor: Tensor { Tensor(shape: [batch, room, width], buffer: buffer, node: nil) }

  private func grow(to larger: Int, keeping start: Int) {
    let new = Buffer(count: batch * larger * width)
    new.pointer.update(repeating: 0, count: batch * larger * width)
    for sample in 0..<batch {
      (new.pointer + sample * larger * width).update(
        from: buffer.pointer + sample * room * width, count: start * width)
    }
    (buffer, room) = (new, larger)
  }
}
