import Glibc

/// The monotonic clock of the system, which no change of the date affects.
enum MonotonicClock {
  /// Seconds since an unspecified start.
  static var seconds: Double {
    let time = now
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  /// Whole milliseconds since the same start. Async-signal-safe: signal handlers may read it.
  static var milliseconds: Int {
    let time = now
    return time.tv_sec * 1000 + time.tv_nsec / 1_000_000
  }

  private static var now: timespec {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return time
  }
}
