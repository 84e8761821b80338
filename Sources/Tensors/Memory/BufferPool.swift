import Glibc

/// The allocator of buffers. A training step allocates and frees the same sizes again and again, and a pool avoids the
/// page faults of fresh memory: without it a step takes a third longer.
///
/// Blocks of 128 KiB and more are cut from one `Region`. Smaller ones are kept in free lists, one per size, where sizes
/// are rounded up to a 32nd of a power of two.
package enum BufferPool {
  /// Bytes from which a block is cut from the region.
  private static let largeBlock = 1 << 17
  /// Bytes in free lists beyond which they are emptied.
  private static let freeListLimit = 32 << 20
  /// Floats of the largest block: 64 TiB, half of what a process can address.
  static let countLimit = 1 << 44
  /// Status with which the process exits when memory is exhausted: EX_OSERR of sysexits.h.
  package static let outOfMemoryStatus: Int32 = 71

  /// The state of the pool, guarded by `lock`, which is held for a microsecond at most.
  private final class State: @unchecked Sendable {
    var lock = pthread_mutex_t()
    var region = Region()
    /// Free small blocks by their capacity in floats.
    var freeLists: [Int: [UnsafeMutablePointer<Float>]] = [:]
    /// Bytes in buffers, and bytes in free lists.
    var bytesInUse = 0
    /// Bytes that buffers can hold: the machine's memory and swap space. The region has more addresses, and writing to
    /// them would end the process by a signal.
    let bytesAtMost: Int
    var bytesInFreeLists = 0

    init() {
      let machine = MachineMemory()
      bytesAtMost = machine.total > 0 ? machine.total + machine.swap : .max
      // Adaptive: threads of one kernel allocate at the same moment, and sleeping costs more than a short spin.
      var attributes = pthread_mutexattr_t()
      pthread_mutexattr_init(&attributes)
      pthread_mutexattr_settype(&attributes, Int32(PTHREAD_MUTEX_ADAPTIVE_NP))
      pthread_mutex_init(&lock, &attributes)
    }

    func takeSmall(_ capacity: Int) -> UnsafeMutableRawPointer? {
      if let block = freeLists[capacity]?.popLast() {
        bytesInFreeLists -= capacity * 4
        return UnsafeMutableRawPointer(block)
      }
      return BufferPool.aligned(capacity * 4 + 64)
    }

    func giveSmall(_ pointer: UnsafeMutablePointer<Float>, _ capacity: Int) {
      bytesInFreeLists += capacity * 4
      freeLists[capacity, default: []].append(pointer)
      guard bytesInFreeLists > BufferPool.freeListLimit else { return }
      for blocks in freeLists.values { for block in blocks { free(block) } }
      freeLists = [:]
      bytesInFreeLists = 0
    }
  }
  private static let state = State()

  private static func aligned(_ bytes: Int) -> UnsafeMutableRawPointer? {
    var block: UnsafeMutableRawPointer?
    return posix_memalign(&block, 64, bytes) == 0 ? block : nil
  }

  /// Bytes of a large block: its floats and one vector of 16 more, since kernels read whole vectors.
  private static func largeBytes(_ capacity: Int) -> Int { (capacity * 4 + 127) / 64 * 64 }

  /// Returns the floats that are allocated where `count` are requested.
  static func capacity(for count: Int) -> Int {
    guard count > 64 else { return 64 }
    guard count <= countLimit else { exitOutOfMemory(requested: count, inUse: bytesInUse / 4) }
    guard count * 4 < largeBlock else { return count }
    // A 32nd of the largest power of two below `count`, and at least one vector.
    let step = max(16, 1 << (Int.bitWidth - (count - 1).leadingZeroBitCount - 6))
    return (count + step - 1) / step * step
  }

  /// Returns an uninitialized block of `capacity` floats, as `capacity(for:)` rounds them.
  ///
  /// When memory is exhausted, writes one sentence to the standard error and exits with `outOfMemoryStatus`: an
  /// operation on tensors cannot throw.
  static func take(_ capacity: Int) -> UnsafeMutablePointer<Float> {
    let state = Self.state
    pthread_mutex_lock(&state.lock)
    let block: UnsafeMutableRawPointer?
    if capacity * 4 < largeBlock {
      block = state.takeSmall(capacity)
    } else if capacity * 4 <= state.bytesAtMost - state.bytesInUse {
      block = state.region.take(largeBytes(capacity)) ?? aligned(largeBytes(capacity))
    } else {
      block = nil
    }
    guard let block else {
      let floatsInUse = state.bytesInUse / 4
      pthread_mutex_unlock(&state.lock)
      exitOutOfMemory(requested: capacity, inUse: floatsInUse)
    }
    state.bytesInUse += capacity * 4
    pthread_mutex_unlock(&state.lock)
    return block.bindMemory(to: Float.self, capacity: capacity)
  }

  /// Takes back a block of `capacity` floats.
  static func give(_ pointer: UnsafeMutablePointer<Float>, _ capacity: Int) {
    let state = Self.state
    pthread_mutex_lock(&state.lock)
    defer { pthread_mutex_unlock(&state.lock) }
    state.bytesInUse -= capacity * 4
    if capacity * 4 < largeBlock {
      state.giveSmall(pointer, capacity)
    } else if state.region.contains(pointer) {
      state.region.give(pointer, largeBytes(capacity))
    } else {
      free(pointer)
    }
  }

  /// Bytes that buffers of this process hold now.
  package static var bytesInUse: Int {
    let state = Self.state
    pthread_mutex_lock(&state.lock)
    defer { pthread_mutex_unlock(&state.lock) }
    return state.bytesInUse
  }

  /// Ends the process with one sentence about the floats requested and in use.
  static func exitOutOfMemory(requested: Int, inUse: Int) -> Never {
    let memory = MachineMemory()
    let message = Array(
      """
      error: out of memory: \(gibibytes(requested)) more are needed, \(gibibytes(inUse)) are in use, and \
      \(gibibytes(memory.free / 4)) of this machine's \(gibibytes(memory.total / 4)) are free; use a smaller batch or \
      model, or a machine with more memory.

      """.utf8)
    write(STDERR_FILENO, message, message.count)
    exit(outOfMemoryStatus)
  }

  /// An amount of memory with one decimal, rounded up: "0.1 GiB".
  private static func gibibytes(_ floats: Int) -> String {
    // A float has 4 bytes, 2^28 of them a GiB.
    let tenths = floats / (1 << 28) * 10 + (floats % (1 << 28) * 10 + (1 << 28) - 1) >> 28
    return "\(tenths / 10).\(tenths % 10) GiB"
  }
}
