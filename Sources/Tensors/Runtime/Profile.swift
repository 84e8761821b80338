import Glibc
import Synchronization

/// Where the time goes, operation by operation, and how much is multiplied.
///
/// An operation is timed where it enters the graph (`Tensor.recorded(inputs:)`) and where it passes its gradient back. Forward, it
/// is given the time since the operation before it, so that what lies between two operations is counted to the second.
// The table is written under the lock.
public final class Profile: @unchecked Sendable {
  /// The profile of this process.
  public static let shared = Profile()

  public struct Line: Sendable {
    public var name: String
    public var calls = 0
    public var forward = 0.0
    public var backward = 0.0
    public var seconds: Double { forward + backward }
  }

  private let on = Atomic<Bool>(false)
  /// Whether a gradient is on its way: operations that pass it back are not operations of their own.
  private let walks = Atomic<Bool>(false)
  private let operations = Atomic<Int>(0)
  private var lock = pthread_mutex_t()
  private var lines: [String: Line] = [:]
  private var last = 0.0

  private init() { pthread_mutex_init(&lock, nil) }

  /// Whether operations are timed.
  public var isOn: Bool { on.load(ordering: .relaxed) }

  /// Forgets what was timed, and times from now on.
  public func start() {
    pthread_mutex_lock(&lock)
    defer { pthread_mutex_unlock(&lock) }
    lines = [:]
    last = Self.now
    on.store(true, ordering: .relaxed)
  }

  /// What was timed since, the longest first.
  public func stop() -> [Line] {
    pthread_mutex_lock(&lock)
    defer { pthread_mutex_unlock(&lock) }
    on.store(false, ordering: .relaxed)
    return lines.values.sorted { $0.seconds > $1.seconds }
  }

  /// Multiplications and additions in matrix products since the program began.
  public var productOperations: Int { operations.load(ordering: .relaxed) }

  @inline(__always)
  func multiplied(_ rows: Int, _ columns: Int, _ inner: Int) {
    operations.add(2 &* rows &* columns &* inner, ordering: .relaxed)
  }

  /// Counts the time since the last operation to this one; what is no operation, such as reading, is told the same way.
  @inline(__always)
  public func forward(_ name: StaticString) {
    if isOn && !walks.load(ordering: .relaxed) { note(name, isForward: true) }
  }

  /// Says that a gradient sets out, or has arrived.
  func walk(_ walks: Bool) { self.walks.store(walks, ordering: .relaxed) }

  @inline(__always)
  func backward(_ name: StaticString) { if isOn { note(name, isForward: false) } }

  private func note(_ name: StaticString, isForward: Bool) {
    pthread_mutex_lock(&lock)
    defer { pthread_mutex_unlock(&lock) }
    let name = "\(name)", now = Self.now, seconds = now - last
    last = now
    var line = lines[name] ?? Line(name: name)
    if isForward {
      line.calls += 1
      line.forward += seconds
    } else {
      line.backward += seconds
    }
    lines[name] = line
  }

  private static var now: Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}
