/// Memory for the scalars of tensors, aligned to 64 bytes; returned to `BufferPool` with the last reference.
///
/// Tensors are values, so several of them may reference one buffer. Its scalars are written by
/// - the operation that allocates it, before any other code has a reference, and
/// - operations that change a tensor in place (`updateInPlace`, `accumulate`, and backward passes that were handed an
///   existing gradient), which check first that theirs is the only reference.
///
/// `packed` is read and written by `PackedWeights` alone, under its lock.
// Unchecked, since the compiler cannot see the discipline above.
@usableFromInline
final class Buffer: @unchecked Sendable {
  /// The first scalar.
  @usableFromInline let pointer: UnsafeMutablePointer<Float>
  /// Scalars that fit, at least as many as were requested; 0 for pages of zeros that no pool takes back.
  let capacity: Int
  /// The scalars packed as an operand of matrix products; nil until `PackedWeights` packs them.
  var packed: Buffer?

  /// Uninitialized room for `count` scalars and one vector of 16 more, since kernels read and write whole vectors.
  init(count: Int) {
    capacity = BufferPool.capacity(for: count)
    pointer = BufferPool.take(capacity)
  }

  /// `count` zeros that take no memory and must not be changed.
  init(unallocated count: Int) {
    capacity = 0
    pointer = ZeroPages.pointer(count: count)
  }

  deinit { if capacity > 0 { BufferPool.give(pointer, capacity) } }
}
