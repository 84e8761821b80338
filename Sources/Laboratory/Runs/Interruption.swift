import Glibc
import Synchronization

/// Whether the program should stop: someone asked (Ctrl-C, or a batch system's SIGTERM or SIGUSR1), or its time is over.
///
/// A long stage looks after every step, saves, and leaves. A second Ctrl-C ends the program at once; so does another
/// signal, unless it follows the first within two seconds: batch systems send one request by several ways.
package enum Interruption {
  private static let requested = Atomic<Bool>(false)
  /// When the first signal came, in milliseconds of the monotonic clock.
  private static let first = Atomic<Int>(0)
  private static let deadline = Atomic<Int>(Int.max)

  static var isRequested: Bool { requested.load(ordering: .relaxed) || isOutOfTime }

  /// Whether the limit that was set has come.
  package static var isOutOfTime: Bool { MonotonicClock.milliseconds >= deadline.load(ordering: .relaxed) }

  /// Asks for a stop in so many seconds.
  package static func stop(after seconds: Double) {
    deadline.store(MonotonicClock.milliseconds + Int(seconds * 1000), ordering: .relaxed)
  }

  /// Starts listening.
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
    // Whoever started this program may have kept these from itself, and so from us.
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

/// Thrown once everything is saved: the run can be taken up again.
package struct Stopped: Error, CustomStringConvertible {
  package var description: String

  package init(description: String) { self.description = description }
}
