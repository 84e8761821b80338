import Glibc
import Synchronization

/// The worker processes of this one, for the signal handler that must leave none behind.
enum WorkerProcesses {
  /// The most workers at a time, as `--jobs` allows.
  static let most = 1024
  /// The address of process numbers; 0 for a free position. Allocated once, so that a signal handler only reads memory.
  private static let address = Atomic<UInt>(0)
  private static var table: UnsafeMutablePointer<pid_t>? {
    UnsafeMutablePointer(bitPattern: address.load(ordering: .acquiring))
  }

  /// Notes a process; `position` is below `most`.
  static func note(_ process: pid_t, at position: Int) { allocated()[position] = process }

  /// Forgets a process that has ended.
  static func forget(at position: Int) { allocated()[position] = 0 }

  /// Kills all of them. Async-signal-safe.
  static func kill() {
    guard let table else { return }
    for position in 0..<most where table[position] > 0 { _ = Glibc.kill(table[position], SIGKILL) }
  }

  private static func allocated() -> UnsafeMutablePointer<pid_t> {
    if let table { return table }
    let new = UnsafeMutablePointer<pid_t>.allocate(capacity: most)
    new.initialize(repeating: 0, count: most)
    address.store(UInt(bitPattern: new), ordering: .releasing)
    return new
  }
}
