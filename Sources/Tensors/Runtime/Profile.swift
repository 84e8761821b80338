import Glibc
import Synchronization

/// The time spent in each operation, and the number of multiplications and additions in products.
///
/// An operation is timed when it is recorded in the graph and when it returns its gradients. Forward, the time since
/// the operation before is counted to it, including what lies between the two.
// The table is read and written under the lock.
public final class Profile: @unchecked Sendable {
  /// The profile of this process.
  public static let shared = Profile()

  /// The times of one operation.
  public struct Line: Sendable {
    /// The function that records the operation: "linear(_:_:onto:)".
    public var name: String
    /// Calls forward.
    public var calls = 0
    /// Seconds forward.
    public var forward = 0.0
    /// Seconds backward.
    public var backward = 0.0
    /// Seconds in both directions.
    public var seconds: Double { forward + backward }
  }

  private let on = Atomic<Bool>(false)
  /// True if gradients are computed: operations inside a backward pass are counted to the operation they belong to.
  private let isBackward = Atomic<Bool>(false)
  private let operations = Atomic<Int>(0)
  private var lock = pthread_mutex_t()
  private var lines: [String: Line] = [:]
  private var last = 0.0

  private init() { pthread_mutex_init(&lock, nil) }

  /// True if operations are timed.
  public var isOn: Bool { on.load(ordering: .relaxed) }

  /// Clears the table and begins to time operations.
  public func start() {
    pthread_mutex_lock(&lock)
    defer { pthread_mutex_unlock(&lock) }
    lines = [:]
    last = Self.now
    on.store(true, ordering: .relaxed)
  }

  /// Stops; returns the times since `start()`, the longest first.
  public func stop() -> [Line] {
    pthread_mutex_lock(&lock)
    defer { pthread_mutex_unlock(&lock) }
    on.store(false, ordering: .relaxed)
    return lines.values.sorted { $0.seconds > $1.seconds }
  }

  /// Multiplications and additions in matrix products since the program began.
  public var productOperations: Int { operations.load(ordering: .relaxed) }

  /// Counts the multiplications and additions of a product [m, k] [k, n].
  @inline(__always)
  func multiplied(_ m: Int, _ n: Int, _ k: Int) {
    operations.add(2 &* m &* n &* k, ordering: .relaxed)
  }

  /// Counts the time since the last operation to this one, or to a phase of a program such as reading.
  @inline(__always)
  public func forward(_ name: StaticString) {
    if isOn && !isBackward.load(ordering: .relaxed) { note(name, isForward: true) }
  }

  /// Marks the beginning and the end of a backward pass.
  func setBackward(_ isBackward: Bool) { self.isBackward.store(isBackward, ordering: .relaxed) }

  /// Counts the time since the last operation to the gradient of this one.
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
