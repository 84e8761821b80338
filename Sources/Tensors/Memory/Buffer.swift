import Glibc

/// Memory for the scalars of one tensor: 64-byte aligned, given back to a pool when the last tensor lets go of it.
///
/// A training step makes and drops the same sizes over and over; a pool spares the page faults that fresh memory
/// costs each time (measured: a step is a third slower without it).
@usableFromInline
final class Buffer: @unchecked Sendable {  // written only by the op that makes it, before anyone else can see it
  @usableFromInline let pointer: UnsafeMutablePointer<Float>
  let capacity: Int
  /// The scalars packed as an operand of products; read and written by `PackedWeights` alone, under its lock.
  var packed: Buffer?

  /// Room for `count` floats with whatever was there before, and a vector more, for whole vectors of 16 are read.
  init(count: Int) {
    capacity = BufferPool.capacity(for: count)
    pointer = BufferPool.take(capacity)
  }

  deinit { BufferPool.give(pointer, capacity) }
}

/// Where blocks come from and go to. Large ones are cut from one region of memory; small ones are kept by size, rounded
/// up to a 32nd of a power of two.
package enum BufferPool {
  /// Bytes from which on a block is large.
  private static let large = 1 << 17
  /// Bytes of small free blocks that are kept at most.
  private static let kept = 32 << 20

  /// Everything the pool knows, under one lock that is held for a microsecond at most.
  private final class State: @unchecked Sendable {
    var lock = pthread_mutex_t()
    var region = Region()
    /// Small free blocks by their floats.
    var free: [Int: [UnsafeMutablePointer<Float>]] = [:]
    /// Bytes in tensors, the most they ever were, those in small free blocks, and those of small blocks at their peak.
    var live = 0
    var most = 0
    var held = 0
    var small = (now: 0, peak: 0)

    init() {
      // Threads of one kernel ask at the same time, and to be put to sleep costs more than the wait.
      var kind = pthread_mutexattr_t()
      pthread_mutexattr_init(&kind)
      pthread_mutexattr_settype(&kind, Int32(PTHREAD_MUTEX_ADAPTIVE_NP))
      pthread_mutex_init(&lock, &kind)
    }

    func takeSmall(_ capacity: Int) -> UnsafeMutableRawPointer? {
      if let block = free[capacity]?.popLast() {
        held -= capacity * 4
        return UnsafeMutableRawPointer(block)
      }
      small.now += capacity * 4
      small.peak = max(small.peak, small.now)
      return BufferPool.aligned(capacity * 4 + 64)
    }

    func giveSmall(_ pointer: UnsafeMutablePointer<Float>, _ capacity: Int) {
      held += capacity * 4
      free[capacity, default: []].append(pointer)
      guard held > BufferPool.kept else { return }
      for blocks in free.values { for block in blocks { Glibc.free(block) } }
      free = [:]
      small.now -= held
      held = 0
    }
  }
  private static let state = State()

  private static func aligned(_ bytes: Int) -> UnsafeMutableRawPointer? {
    var block: UnsafeMutableRawPointer?
    return posix_memalign(&block, 64, bytes) == 0 ? block : nil
  }

  /// Bytes of a large block: those of its floats and of a vector more, for whole vectors of 16 are read.
  private static func bytes(_ capacity: Int) -> Int { (capacity * 4 + 127) / 64 * 64 }

  /// What is set aside for so many floats.
  static func capacity(for count: Int) -> Int {
    guard count > 64 else { return 64 }
    guard count * 4 < large else { return count }
    let step = max(16, 1 << (Int.bitWidth - (count - 1).leadingZeroBitCount - 6))
    return (count + step - 1) / step * step
  }

  /// A block of at least so many floats, as `capacity` rounds them.
  static func take(_ capacity: Int) -> UnsafeMutablePointer<Float> {
    let state = Self.state
    pthread_mutex_lock(&state.lock)
    defer { pthread_mutex_unlock(&state.lock) }
    state.live += capacity * 4
    state.most = max(state.most, state.live)
    let block =
      capacity * 4 < large
      ? state.takeSmall(capacity) : state.region.take(bytes(capacity)) ?? aligned(bytes(capacity))
    guard let block else {
      preconditionFailure("out of memory: \(capacity * 4) bytes wanted, \(state.live - capacity * 4) in use")
    }
    return block.bindMemory(to: Float.self, capacity: capacity)
  }

  static func give(_ pointer: UnsafeMutablePointer<Float>, _ capacity: Int) {
    let state = Self.state
    pthread_mutex_lock(&state.lock)
    defer { pthread_mutex_unlock(&state.lock) }
    state.live -= capacity * 4
    if capacity * 4 < large {
      state.giveSmall(pointer, capacity)
    } else if state.region.contains(pointer) {
      state.region.give(pointer, bytes(capacity))
    } else {
      Glibc.free(pointer)
    }
  }

  /// Bytes in tensors now, the most they ever took, and the most that tensors and free blocks together ever took.
  package static var usage: (live: Int, most: Int, peak: Int) {
    let state = Self.state
    pthread_mutex_lock(&state.lock)
    defer { pthread_mutex_unlock(&state.lock) }
    return (state.live, state.most, state.region.top + state.small.peak)
  }
}
