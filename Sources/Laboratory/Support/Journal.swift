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
    let now = MonotonicClock.seconds
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
}

/// How far a stage has come.
package struct Progress {
  var stage: String
  var done: Int
  var total: Int
  /// "loss 0.412"
  var details: [String]
  /// Images a second.
  var rate: Double
  /// Seconds one step takes.
  var secondsPerStep: Double

  var line: String {
    let share = total > 0 ? 100 * done / total : 100
    let left = done < total ? ", \(NumberFormat.duration(Double(total - done) * secondsPerStep)) left" : ""
    let speed = rate > 0 ? ", \(NumberFormat.short(rate)) images/s" : ""
    return "\(stage): step \(done)/\(total) (\(share) %), \(details.joined(separator: ", "))\(speed)\(left)"
  }
}
