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
  init(count: Int) {
    capacity = BufferPool.capacity(for: count)
    pointer = BufferPool.take(capacity)
  }

  deinit { BufferPool.give(pointer, capacity) }
}

/// Free blocks by size. Sizes are rounded up to a 32nd of a power of two, so a block wastes at most 3 %.
enum BufferPool {
  /// Everything the pool knows, under one lock that is held for a few instructions.
  private final class State: @unchecked Sendable {
    var lock = pthread_mutex_t()
    var free: [Int: [UnsafeMutablePointer<Float>]] = [:]
    var live = 0
    var held = 0
    var peak = 0
    init() { pthread_mutex_init(&lock, nil) }
  }
  private static let state = State()

  static func capacity(for count: Int) -> Int {
    guard count > 64 else { return 64 }
    let step = max(16, 1 << (Int.bitWidth - (count - 1).leadingZeroBitCount - 6))
    return (count + step - 1) / step * step
  }

  static func take(_ capacity: Int) -> UnsafeMutablePointer<Float> {
    let state = Self.state
    pthread_mutex_lock(&state.lock)
    defer { pthread_mutex_unlock(&state.lock) }
    state.live += capacity * 4
    if let block = state.free[capacity]?.popLast() {
      state.held -= capacity * 4
      return block
    }
    state.peak = max(state.peak, state.live + state.held)
    var block: UnsafeMutableRawPointer?
    let status = posix_memalign(&block, 64, capacity * 4 + 64)
    precondition(status == 0 && block != nil, "out of memory: \(capacity * 4) bytes wanted, \(state.live) in use")
    return block!.bindMemory(to: Float.self, capacity: capacity)
  }

  static func give(_ pointer: UnsafeMutablePointer<Float>, _ capacity: Int) {
    let state = Self.state
    pthread_mutex_lock(&state.lock)
    defer { pthread_mutex_unlock(&state.lock) }
    state.live -= capacity * 4
    state.held += capacity * 4
    state.free[capacity, default: []].append(pointer)
  }

  /// Gives all free blocks back to the system, between stages of a run that need different sizes.
  static func drain() {
    let state = Self.state
    pthread_mutex_lock(&state.lock)
    defer { pthread_mutex_unlock(&state.lock) }
    for blocks in state.free.values { for block in blocks { Glibc.free(block) } }
    state.free = [:]
    state.held = 0
  }

  /// Bytes in tensors now, and the most that tensors and pool together ever took.
  static var usage: (live: Int, peak: Int) {
    let state = Self.state
    pthread_mutex_lock(&state.lock)
    defer { pthread_mutex_unlock(&state.lock) }
    return (state.live, state.peak)
  }
}
