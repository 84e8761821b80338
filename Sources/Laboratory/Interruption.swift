import Glibc
import Synchronization

/// Whether someone asked the program to stop: Ctrl-C, or a batch system's SIGTERM or SIGUSR1.
///
/// A long stage looks after every step, saves, and leaves. A second signal ends the program at once.
enum Interruption {
  private static let asked = Atomic<Bool>(false)

  static var isAsked: Bool { asked.load(ordering: .relaxed) }

  /// Starts listening.
  static func listen() {
    for number in [SIGINT, SIGTERM, SIGUSR1] {
      signal(number) { number in
        Interruption.asked.store(true, ordering: .relaxed)
        signal(number, SIG_DFL)
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
struct Stopped: Error, CustomStringConvertible {
  var description: String
}
