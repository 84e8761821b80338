import CHDF5
import Glibc

/// The lock that every call of the HDF5 library is behind: it keeps global state.
package enum HDF5 {
  private final class Lock: @unchecked Sendable {  // it is the lock
    var mutex = pthread_mutex_t()
    init() {
      var kind = pthread_mutexattr_t()
      pthread_mutexattr_init(&kind)
      pthread_mutexattr_settype(&kind, Int32(PTHREAD_MUTEX_RECURSIVE))
      pthread_mutex_init(&mutex, &kind)
    }
  }
  private static let lock = Lock()

  /// Runs `body` under the lock, which the same thread may take again, after the library is initialised.
  package static func locked<Result: ~Copyable>(_ body: () throws -> Result) rethrows -> Result {
    pthread_mutex_lock(&lock.mutex)
    defer { pthread_mutex_unlock(&lock.mutex) }
    overtone_hdf5_start()
    return try body()
  }

  /// H5P_DEFAULT
  static var standard: hid_t { overtone_property_default() }
}

/// An identifier of HDF5 that must be closed once.
struct Handle: ~Copyable {
  let id: hid_t
  private let close: (hid_t) -> Int32

  /// Nil when the library gave no identifier.
  init?(_ id: hid_t, _ close: @escaping (hid_t) -> Int32) {
    guard id >= 0 else { return nil }
    self.id = id
    self.close = close
  }

  deinit { _ = close(id) }
}
