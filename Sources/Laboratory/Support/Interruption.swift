import Glibc
import Synchronization

/// A request to stop: by Ctrl-C, by SIGTERM or SIGUSR1 of a batch system, or by a time limit.
///
/// Where nothing would be lost, a signal ends the program at once, whatever it is doing: a resumable command with
/// status 75 and "stopped" in `STATUS`, any other by the signal. Work that must be saved first is a `Hold`: a training
/// looks at `isRequested` after every step, saves, and throws `Stopped`. A second signal ends the program at once,
/// unless it is no Ctrl-C and follows within 0.2 seconds: batch systems send one request by several ways.
package enum Interruption {
  /// The first signal; 0 before it.
  private static let requested = Atomic<Int32>(0)
  /// The time of the first signal, in milliseconds of the monotonic clock.
  private static let first = Atomic<Int>(0)
  /// The time limit, in milliseconds of the monotonic clock.
  private static let deadline = Atomic<Int>(Int.max)
  /// Holds that are in effect.
  private static let holds = Atomic<Int>(0)
  /// True where the same command goes on from where this one ends.
  private static let resumes = Atomic<Bool>(false)

  /// True once a stop was requested or the time limit is reached.
  package static var isRequested: Bool { requested.load(ordering: .relaxed) != 0 || isOutOfTime }

  /// True once the time limit is reached.
  package static var isOutOfTime: Bool { MonotonicClock.milliseconds >= deadline.load(ordering: .relaxed) }

  /// Sets the time limit, in seconds from now.
  package static func stop(after seconds: Double) {
    deadline.store(MonotonicClock.milliseconds + Int(seconds * 1000), ordering: .relaxed)
  }

  /// Declares that the same command goes on from where this one ends: a stop has status 75.
  package static func resume() { resumes.store(true, ordering: .relaxed) }

  /// Records in `STATUS` where the run in progress crashes.
  package static func recordCrashes() { RunStatus.listenForCrashes() }

  /// Installs the signal handlers.
  package static func listen() {
    for number in [SIGINT, SIGTERM, SIGUSR1] { signal(number) { Interruption.receive($0) } }
    // The parent process may have blocked these signals, which a child inherits.
    var open = sigset_t()
    sigemptyset(&open)
    for number in [SIGINT, SIGTERM, SIGUSR1] { sigaddset(&open, number) }
    pthread_sigmask(SIG_UNBLOCK, &open, nil)
    // A reader that went away (`overtone ... | head`) is an error of a write, not the end of a training.
    signal(SIGPIPE, SIG_IGN)
    // So is a file that may not grow any further.
    signal(SIGXFSZ, SIG_IGN)
  }

  /// Requests a stop as a signal would. Async-signal-safe: signal handlers call it.
  static func receive(_ number: Int32) {
    let now = MonotonicClock.milliseconds
    let isFirst = requested.compareExchange(expected: 0, desired: number, ordering: .relaxed).exchanged
    guard isFirst else {
      if number == SIGINT || now - first.load(ordering: .relaxed) > 200 {
        WorkerProcesses.kill()
        end(by: number)
      }
      return
    }
    first.store(now, ordering: .relaxed)
    leaveIfFree()
  }

  /// Requests a stop once the standard input ends: a process that started this one has ended, or closed it.
  package static func followStandardInput() {
    var thread = pthread_t()
    pthread_create(
      &thread, nil,
      { _ in
        var byte: UInt8 = 0
        while read(STDIN_FILENO, &byte, 1) > 0 || errno == EINTR {}
        Interruption.request()
        return nil
      }, nil)
  }

  /// Requests a stop unless one was requested.
  private static func request() {
    if requested.load(ordering: .relaxed) == 0 { receive(SIGTERM) }
  }

  /// Ends the program where a signal has requested it and nothing has to be saved.
  static func leaveIfFree() {
    let number = requested.load(ordering: .relaxed)
    guard number != 0, holds.load(ordering: .relaxed) == 0 else { return }
    guard resumes.load(ordering: .relaxed) else { return end(by: number) }
    Journal.endLine()
    RunStatus.write(RunStatus.stopped)
    say("stopped; the same command goes on from there.\n")
    // EX_TEMPFAIL of sysexits.h.
    _exit(75)
  }

  /// Ends the program by a signal.
  private static func end(by number: Int32) {
    Journal.endLine()
    signal(number, SIG_DFL)
    raise(number)
    // Inside a handler the signal waits until it returns.
  }

  /// Writes a text on the standard error. Async-signal-safe.
  private static func say(_ text: StaticString) {
    _ = write(STDERR_FILENO, text.utf8Start, text.utf8CodeUnitCount)
  }

  /// Work in progress that a signal must not cut short: it looks at `isRequested` itself, and saves.
  final class Hold {
    private var isInEffect = false

    /// Takes effect; further calls change nothing.
    func begin() {
      guard !isInEffect else { return }
      isInEffect = true
      Interruption.holds.add(1, ordering: .relaxed)
    }

    /// Ends the hold.
    func end() {
      guard isInEffect else { return }
      isInEffect = false
      Interruption.holds.subtract(1, ordering: .relaxed)
    }
  }

  /// Runs short work that a signal must not cut; one that came meanwhile ends the program then, unless `body` throws.
  static func holding<Result>(_ body: () throws -> Result) rethrows -> Result {
    let hold = Hold()
    hold.begin()
    defer { hold.end() }
    let result = try body()
    hold.end()
    leaveIfFree()
    return result
  }
}
