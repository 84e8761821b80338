import Glibc

/// Log lines and progress of a run: to the standard error, to `log.txt` of the run's folder, and the newest progress to
/// its `PROGRESS`.
///
/// On a terminal, progress is one line that is overwritten; elsewhere plain lines.
package final class Journal {
  private let isTerminal: Bool
  private let isQuiet: Bool
  /// `log.txt`, open for appending.
  private var log: UnsafeMutablePointer<FILE>?
  private var folder: String?
  /// Times of the last line of progress, and of the last write of `PROGRESS`.
  private var lastLine = 0.0
  private var lastNote = 0.0
  /// True while the terminal's last line is progress.
  private var hasOpenLine = false

  /// `quiet`: writes nothing to the standard error.
  package init(quiet: Bool = false) {
    isQuiet = quiet
    isTerminal = isatty(STDERR_FILENO) == 1
  }

  deinit { if let log { fclose(log) } }

  /// Appends all further lines to `log.txt` of a folder, too, and writes `PROGRESS` there.
  func keep(in folder: String) {
    if let log { fclose(log) }
    log = fopen("\(folder)/log.txt", "a")
    self.folder = folder
  }

  /// Writes a line that stays.
  package func say(_ line: String) {
    closeLine()
    if !isQuiet { write(line + "\n") }
    if let log {
      fputs(line + "\n", log)
      fflush(log)
    }
  }

  /// Writes the progress of a stage: on a terminal at most ten times a second, elsewhere every fifteen seconds and at
  /// the end.
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

  /// Writes `PROGRESS` for other processes, at most every three seconds.
  private func note(_ line: String, _ now: Double) {
    guard let folder, now - lastNote >= 3 else { return }
    lastNote = now
    guard let file = fopen("\(folder)/PROGRESS.tmp", "w") else { return }
    let isWritten = fputs(line + "\n", file) >= 0
    // On a full disk the former line stays.
    guard fclose(file) == 0, isWritten else { return }
    rename("\(folder)/PROGRESS.tmp", "\(folder)/PROGRESS")
  }

  private func write(_ text: String) { _ = text.withCString { Glibc.write(STDERR_FILENO, $0, strlen($0)) } }

  /// Erases the line of progress on a terminal.
  private func closeLine() {
    if hasOpenLine { write("\r\u{1B}[2K") }
    hasOpenLine = false
  }
}
