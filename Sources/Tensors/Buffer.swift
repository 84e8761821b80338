import Glibc

/// Memory for the scalars of one tensor: 64-byte aligned, given back to a pool when the last tensor lets go of it.
///
/// A training step makes and drops the same sizes over and over; a pool spares the page faults that fresh memory
/// costs each time (measured: a step is a third slower without it).
@usableFromInline
final class Buffer: @unchecked Sendable {  // written only by the op that makes it, before anyone else can see it
  @usableFromInline let pointer: UnsafeMutablePointer<Float>
  let capacity: Int
  /// The same numbers as the right side of products, if they were that and did not change since; see `Panels`.
  var panels: Buffer?

  /// Room for `count` floats with whatever was there before, and a lane more, for whole lanes are read.
  init(count: Int) { (pointer, capacity) = BufferPool.take(BufferPool.capacity(for: count)) }

  deinit { BufferPool.give(pointer, capacity) }
}

/// Free blocks by size. Sizes are rounded up to a 32nd of a power of two, so a block wastes at most 3 %.
///
/// Where there is no block of a size, one up to a quarter larger serves. Tensors and pool together stay within a twentieth,
/// or 64 MiB, of what tensors alone took at their peak: rather than ask more of the system, blocks up to twice too
/// large are used, and then free ones go back. Without this a generation whose sizes change from turn to turn keeps four
/// times what it needs.
package enum BufferPool {
  /// Everything the pool knows, under one lock that is held for a few instructions.
  private final class State: @unchecked Sendable {
    var lock = pthread_mutex_t()
    var free: [Int: [UnsafeMutablePointer<Float>]] = [:]
    /// Bytes in tensors, in free blocks, and the most that tensors, and both together, ever took.
    var live = 0
    var held = 0
    var most = 0
    var peak = 0
    init() {
      // Threads of one kernel ask at the same time, and to be put to sleep costs more than the wait.
      var kind = pthread_mutexattr_t()
      pthread_mutexattr_init(&kind)
      pthread_mutexattr_settype(&kind, Int32(PTHREAD_MUTEX_ADAPTIVE_NP))
      pthread_mutex_init(&lock, &kind)
    }

    /// The smallest free block of `capacity` to `most` floats.
    func block(_ capacity: Int, upTo most: Int) -> (UnsafeMutablePointer<Float>, capacity: Int)? {
      if let block = free[capacity]?.popLast() { return (block, capacity) }
      var best = Int.max
      for (size, blocks) in free where size > capacity && size < best && !blocks.isEmpty { best = size }
      guard best <= most, let block = free[best]?.popLast() else { return nil }
      return (block, best)
    }

    /// Whether so many bytes more are within what is allowed.
    func hasRoom(for bytes: Int) -> Bool {
      let tensors = max(most, live + bytes)
      return live + held + bytes <= tensors + max(64 << 20, tensors / 20)
    }

    /// Gives free blocks back to the system until there is room: of those that are pages of their own the smallest first,
    /// for what is given back must be filled anew when it is wanted again; then the largest of the others.
    func makeRoom(for bytes: Int) {
      while held > 0, !hasRoom(for: bytes) {
        var (chosen, largest) = (Int.max, 0)
        for (size, blocks) in free where !blocks.isEmpty {
          if size >= PageBlock.large / 4 { chosen = min(chosen, size) }
          largest = max(largest, size)
        }
        let size = chosen == Int.max ? largest : chosen
        guard let block = free[size]?.popLast() else { return }
        PageBlock.free(block, size * 4 + 64)
        held -= size * 4
      }
    }
  }
  private static let state = State()

  static func capacity(for count: Int) -> Int {
    guard count > 64 else { return 64 }
    let step = max(16, 1 << (Int.bitWidth - (count - 1).leadingZeroBitCount - 6))
    return (count + step - 1) / step * step
  }

  /// A block of at least so many floats, and how many it has.
  static func take(_ wanted: Int) -> (UnsafeMutablePointer<Float>, capacity: Int) {
    let state = Self.state
    pthread_mutex_lock(&state.lock)
    defer {
      state.most = max(state.most, state.live)
      pthread_mutex_unlock(&state.lock)
    }
    if let (block, capacity) = state.block(wanted, upTo: state.hasRoom(for: wanted * 4) ? wanted / 4 * 5 : wanted * 2) {
      state.live += capacity * 4
      state.held -= capacity * 4
      return (block, capacity)
    }
    state.makeRoom(for: wanted * 4)
    state.live += wanted * 4
    state.peak = max(state.peak, state.live + state.held)
    guard let block = PageBlock.make(wanted * 4 + 64) else {
      preconditionFailure("out of memory: \(wanted * 4) bytes wanted, \(state.live) in use")
    }
    return (block.bindMemory(to: Float.self, capacity: wanted), wanted)
  }

  static func give(_ pointer: UnsafeMutablePointer<Float>, _ capacity: Int) {
    let state = Self.state
    pthread_mutex_lock(&state.lock)
    defer { pthread_mutex_unlock(&state.lock) }
    state.live -= capacity * 4
    state.held += capacity * 4
    state.free[capacity, default: []].append(pointer)
  }

  /// Bytes in tensors now, the most they ever took, and the most that tensors and pool together ever took.
  package static var usage: (live: Int, most: Int, peak: Int) {
    let state = Self.state
    pthread_mutex_lock(&state.lock)
    defer { pthread_mutex_unlock(&state.lock) }
    return (state.live, state.most, state.peak)
  }
}
