import Glibc

/// What a run says while it works: one line that renews itself on a terminal, plain lines elsewhere, and log.txt.
package final class Journal {
  private let isTerminal: Bool
  private let isQuiet: Bool
  private var log: UnsafeMutablePointer<FILE>?
  private var lastLine = 0.0
  private var folder: String?
  private var lastNote = 0.0
  private var hasOpenLine = false

  package init(quiet: Bool = false) {
    isQuiet = quiet
    isTerminal = isatty(STDERR_FILENO) == 1
  }

  deinit { if let log { fclose(log) } }

  /// Keeps what is said in log.txt of a folder, too, from now on, and the newest progress in PROGRESS.
  func keep(in folder: String) {
    if let log { fclose(log) }
    log = fopen("\(folder)/log.txt", "a")
    self.folder = folder
  }

  /// For others to look at: where the stage stands, every few seconds.
  private func note(_ line: String, _ now: Double) {
    guard let folder, now - lastNote >= 3 else { return }
    lastNote = now
    guard let file = fopen("\(folder)/PROGRESS.tmp", "w") else { return }
    fputs(line + "\n", file)
    fclose(file)
    rename("\(folder)/PROGRESS.tmp", "\(folder)/PROGRESS")
  }

  /// A line that stays.
  package func say(_ line: String) {
    closeLine()
    if !isQuiet { write(line + "\n") }
    if let log {
      fputs(line + "\n", log)
      fflush(log)
    }
  }

  /// Where a stage stands. On a terminal at most ten times a second, elsewhere every fifteen seconds and at the end.
  func progress(_ progress: Progress) {
    let now = Self.seconds
    let isLast = progress.done == progress.total
    note(progress.line, now)
    guard isLast || now - lastLine >= (isTerminal ? 0.1 : 15) else { return }
    lastLine = now
    let line = progress.line
    if isLast { return say(line) }
    if isQuiet { return }
    if isTerminal {
      write("\r\u{1B}[2K" + line)
      hasOpenLine = true
    } else {
      write(line + "\n")
    }
  }

  private func write(_ text: String) { _ = text.withCString { Glibc.write(STDERR_FILENO, $0, strlen($0)) } }

  private func closeLine() {
    if hasOpenLine { write("\r\u{1B}[2K") }
    hasOpenLine = false
  }

  /// A clock that only goes forward.
  static var seconds: Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}

/// How far a stage has come.
package struct Progress {
  var stage: String
  var done: Int
  var total: Int
  /// "loss 0.412"
  var details: [String]
  /// Pictures a second.
  var rate: Double
  /// Seconds one step takes.
  var secondsPerStep: Double

  var line: String {
    let share = total > 0 ? 100 * done / total : 100
    let left = done < total ? ", \(Self.duration(Double(total - done) * secondsPerStep)) left" : ""
    let speed = rate > 0 ? ", \(Self.number(rate)) images/s" : ""
    return "\(stage): step \(done)/\(total) (\(share) %), \(details.joined(separator: ", "))\(speed)\(left)"
  }

  /// "1:05", "2:03:00"
  static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite else { return "?" }
    let whole = Int(seconds.rounded(.up))
    func two(_ n: Int) -> String { n < 10 ? "0\(n)" : "\(n)" }
    return whole >= 3600
      ? "\(whole / 3600):\(two(whole / 60 % 60)):\(two(whole % 60))" : "\(whole / 60):\(two(whole % 60))"
  }

  /// Three digits or so: "0.0123", "4.57", "312".
  package static func number(_ value: Double) -> String {
    guard value.isFinite else { return "\(value)" }
    let digits =
      abs(value) >= 100 ? 0 : abs(value) >= 10 ? 1 : abs(value) >= 1 ? 2 : abs(value) >= 0.001 || value == 0 ? 4 : 7
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    let rounded = (value * scale).rounded() / scale
    return digits == 0 ? "\(Int(rounded))" : "\(rounded)"
  }
}
