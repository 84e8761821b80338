import Glibc

/// Addresses that read as zeros and cannot be written: the scalars of tensors that are counted, not used. All such
/// tensors share them, and they take no memory.
enum ZeroPages {
  /// The state, guarded by `lock`.
  private final class State: @unchecked Sendable {
    var lock = pthread_mutex_t()
    var base: UnsafeMutableRawPointer?
    var size = 0

    init() { pthread_mutex_init(&lock, nil) }
  }
  private static let state = State()

  /// The first of `count` zeros and one vector of 16 more, since kernels read whole vectors. Ends the process where
  /// there are not as many addresses.
  static func pointer(count: Int) -> UnsafeMutablePointer<Float> {
    let state = Self.state
    pthread_mutex_lock(&state.lock)
    defer { pthread_mutex_unlock(&state.lock) }
    if count <= BufferPool.countLimit, state.size < count * 4 + 64 || state.base == nil {
      // Twice what is needed, and 16 MiB at least; addresses that were given out before stay valid.
      let size = max(1 << 24, 2 * (count * 4 + 64))
      let block = mmap(nil, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
      if block != MAP_FAILED { (state.base, state.size) = (block, size) }
    }
    guard count <= BufferPool.countLimit, let base = state.base, state.size >= count * 4 + 64 else {
      BufferPool.exitOutOfMemory(requested: count, inUse: 0)
    }
    return base.assumingMemoryBound(to: Float.self)
  }
}
