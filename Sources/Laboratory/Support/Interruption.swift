import Glibc
import Synchronization

/// A request to stop: by Ctrl-C, by SIGTERM or SIGUSR1 of a batch system, or by a time limit.
///
/// A long stage looks at `isRequested` after every step, saves, and throws `Stopped`. A second Ctrl-C ends the program
/// at once; so does another signal, unless it follows the first within two seconds: batch systems send one request by
/// several ways.
package enum Interruption {
  /// True after the first signal.
  private static let requested = Atomic<Bool>(false)
  /// The time of the first signal, in milliseconds of the monotonic clock.
  private static let first = Atomic<Int>(0)
  /// The time limit, in milliseconds of the monotonic clock.
  private static let deadline = Atomic<Int>(Int.max)

  /// True once a stop was requested or the time limit is reached.
  static var isRequested: Bool { requested.load(ordering: .relaxed) || isOutOfTime }

  /// True once the time limit is reached.
  package static var isOutOfTime: Bool { MonotonicClock.milliseconds >= deadline.load(ordering: .relaxed) }

  /// Sets the time limit, in seconds from now.
  package static func stop(after seconds: Double) {
    deadline.store(MonotonicClock.milliseconds + Int(seconds * 1000), ordering: .relaxed)
  }

  /// Installs the signal handlers.
  package static func listen() {
    for number in [SIGINT, SIGTERM, SIGUSR1] {
      signal(number) { number in
        let now = MonotonicClock.milliseconds
        guard Interruption.requested.exchange(true, ordering: .relaxed) else {
          Interruption.first.store(now, ordering: .relaxed)
          return
        }
        if number == SIGINT || now - Interruption.first.load(ordering: .relaxed) > 2000 {
          signal(number, SIG_DFL)
          raise(number)
        }
      }
    }
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
}
