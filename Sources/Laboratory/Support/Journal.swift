import Glibc
import Synchronization

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
  private static let hasOpenLine = Atomic<Bool>(false)
  /// "full, seed 1: " where several processes write to one terminal or log; else empty.
  private let prefix: String
  /// True once a log line or `PROGRESS` could not be written, which is said once.
  private var isLogBroken = false

  /// `quiet`: writes nothing to the standard error. `title`: names the run in every line there, which are plain.
  package init(quiet: Bool = false, title: String? = nil) {
    isQuiet = quiet
    isTerminal = title == nil && isatty(STDERR_FILENO) == 1
    prefix = title.map { "\($0): " } ?? ""
  }

  deinit { if let log { fclose(log) } }

  /// Appends all further lines to `log.txt` of a folder, too, and writes `PROGRESS` there.
  func keep(in folder: String) {
    if let log { fclose(log) }
    log = fopen("\(folder)/log.txt", "ae")
    self.folder = folder
    if log == nil { complain(of: "\(folder)/log.txt") }
  }

  /// Writes a line that stays.
  package func say(_ line: String) {
    closeLine()
    if !isQuiet { write(prefix + line + "\n") }
    if let log, fputs(line + "\n", log) < 0 || fflush(log) != 0 { complain(of: "\(folder ?? "")/log.txt") }
  }

  /// Says once that a log cannot be written: the run itself goes on, since its results do not depend on logs.
  private func complain(of path: String) {
    let why = String(cString: strerror(errno))
    guard !isLogBroken else { return }
    isLogBroken = true
    closeLine()
    write("\(prefix)\(path): it cannot be written (\(why)); the run goes on without it.\n")
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
      Self.hasOpenLine.store(true, ordering: .relaxed)
    } else {
      write(prefix + line + "\n")
    }
  }

  /// Writes `PROGRESS` for other processes, at most every three seconds.
  private func note(_ line: String, _ now: Double) {
    guard let folder, now - lastNote >= 3 else { return }
    lastNote = now
    let temporary = "\(folder)/PROGRESS.tmp"
    guard let file = fopen(temporary, "we") else { return complain(of: "\(folder)/PROGRESS") }
    let isPut = fputs(line + "\n", file) >= 0
    // On a full disk the former line stays.
    guard fclose(file) == 0, isPut, rename(temporary, "\(folder)/PROGRESS") == 0 else {
      complain(of: "\(folder)/PROGRESS")
      unlink(temporary)
      return
    }
  }

  private func write(_ text: String) { _ = text.withCString { Glibc.write(STDERR_FILENO, $0, strlen($0)) } }

  /// Erases the line of progress on a terminal.
  private func closeLine() {
    if Self.hasOpenLine.exchange(false, ordering: .relaxed) { write("\r\u{1B}[2K") }
  }

  /// Ends the line of progress on a terminal, so that what follows has a line of its own. Async-signal-safe.
  package static func endLine() {
    if hasOpenLine.exchange(false, ordering: .relaxed) { _ = Glibc.write(STDERR_FILENO, "\n", 1) }
  }
}
