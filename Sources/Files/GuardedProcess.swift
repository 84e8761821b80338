import Glibc

/// A program that runs for another one with limits on memory and time, because what it does may crash or never end.
///
/// Its output is that of this process, or is collected; its errors are collected, and are up to the caller: a crash
/// leaves lines of the C library among them. It ends with this process's interest in it, and leaves no core file.
public enum GuardedProcess {
  /// The limits of a process.
  public struct Limits: Sendable {
    /// Bytes of addresses.
    public var memory: Int
    /// Seconds of the processor: a busy machine does not shorten them.
    public var seconds: Int
    /// Seconds of the clock.
    public var clock: Int

    /// Limits of at least 64 MiB and a second.
    public init(memory: Int, seconds: Int, clock: Int) {
      (self.memory, self.seconds, self.clock) = (max(1 << 26, memory), max(1, seconds), max(1, clock))
    }
  }

  /// The ways in which a process ends.
  public enum Ending: Sendable, Equatable {
    /// With an exit status.
    case exit(Int32)
    /// By a signal, which is no limit's.
    case signal(Int32)
    /// By its limit of time.
    case outOfTime
    /// By this process, since `isStopped` returned true.
    case stopped
  }

  /// The ending of a process, and what it wrote.
  public struct Outcome: Sendable {
    /// The ending.
    public var ending: Ending
    /// The number of the process, which temporary files may bear.
    public var identifier: Int32
    /// The standard output; empty where it was that of this process.
    public var output: [UInt8] = []
    /// The standard error.
    public var errors: [UInt8] = []
  }

  /// Runs the program at `path` to its end. Throws where it cannot be started.
  ///
  /// `isStopped` is called about ten times a second, and after every signal; once it returns true the process is
  /// killed. Collected streams are cut at 256 MiB.
  public static func run(
    _ path: String, _ arguments: [String], limits: Limits, collectsOutput: Bool, isStopped: () -> Bool
  ) throws(FileError) -> Outcome {
    var output = collectsOutput ? try Pipe(path) : nil, errors = try Pipe(path)
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    if let output { posix_spawn_file_actions_adddup2(&actions, output.writing, 1) }
    posix_spawn_file_actions_adddup2(&actions, errors.writing, 2)
    // Locks and other files of this process are not kept open by the other.
    for file in Int32(3)..<1024 where fcntl(file, F_GETFD) == 0 { posix_spawn_file_actions_addclose(&actions, file) }
    var identifier: pid_t = 0, attributes = heard()
    defer { posix_spawnattr_destroy(&attributes) }
    let status = withStrings(["sh", "-c", command(limits), path] + arguments) { arguments in
      withStrings(environment) { posix_spawn(&identifier, "/bin/sh", &actions, &attributes, arguments, $0) }
    }
    output?.closeWriting()
    errors.closeWriting()
    guard status == 0 else {
      output?.closeReading()
      errors.closeReading()
      throw FileError(path, .unreadable(String(cString: strerror(status))))
    }
    var isKilled: Ending?
    let end = seconds() + Double(limits.clock)
    var pipes = [errors] + (output.map { [$0] } ?? [])
    while pipes.contains(where: { $0.reading >= 0 }) {
      Pipe.wait(&pipes, milliseconds: 100)
      if isKilled == nil, isStopped() { isKilled = .stopped }
      if isKilled == nil, seconds() > end { isKilled = .outOfTime }
      if isKilled != nil {
        kill(identifier, SIGKILL)
        // Programs that it started may keep the pipes open.
        for index in pipes.indices { pipes[index].closeReading() }
      }
    }
    let ending = wait(identifier)
    return Outcome(
      ending: isKilled ?? (ending == .signal(SIGXCPU) ? .outOfTime : ending), identifier: identifier,
      output: pipes.count > 1 ? pipes[1].bytes : [], errors: pipes[0].bytes)
  }

  /// Attributes with which no signal is blocked, and those of crashes and limits end the process, whatever this one
  /// does with them.
  private static func heard() -> posix_spawnattr_t {
    var attributes = posix_spawnattr_t(), none = sigset_t(), ending = sigset_t()
    sigemptyset(&none)
    sigemptyset(&ending)
    for signal in [SIGXCPU, SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP] { sigaddset(&ending, signal) }
    posix_spawnattr_init(&attributes)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &ending)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    return attributes
  }

  /// The environment of this process, without backtraces: what a crash means is for the caller to say.
  private static var environment: [String] {
    var all: [String] = [], next = environ
    while let entry = next.pointee {
      let text = String(cString: entry)
      if !text.hasPrefix("SWIFT_BACKTRACE=") { all.append(text) }
      next += 1
    }
    return all + ["SWIFT_BACKTRACE=enable=no"]
  }

  /// The shell's commands that set the limits and become the program. A lower hard limit of the user stays.
  private static func command(_ limits: Limits) -> String {
    "exec 3>&2 2>/dev/null; ulimit -c 0; ulimit -Sv \(limits.memory >> 10); ulimit -St \(limits.seconds); "
      + "exec 2>&3 3>&-; exec \"$0\" \"$@\""
  }

  private static func wait(_ identifier: pid_t) -> Ending {
    var status: Int32 = 0
    while waitpid(identifier, &status, 0) < 0, errno == EINTR {}
    // The macros WIFSIGNALED, WTERMSIG and WEXITSTATUS of Linux.
    let signal = status & 0x7F
    return signal == 0 ? .exit(status >> 8 & 0xFF) : .signal(signal)
  }

  private static func seconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  /// Calls `body` with a list of C strings, ended by nil, as programs are started.
  private static func withStrings<Result>(
    _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
  ) -> Result {
    let copies = strings.map { strdup($0) } + [nil]
    defer { for copy in copies { free(copy) } }
    return copies.withUnsafeBufferPointer { buffer in
      buffer.baseAddress.map(body) ?? body(UnsafePointer(UnsafeMutablePointer.allocate(capacity: 1)))
    }
  }
}

/// A pipe from a process to this one.
private struct Pipe {
  private(set) var reading: Int32 = -1
  private(set) var writing: Int32 = -1
  private(set) var bytes: [UInt8] = []
  /// Bytes that are collected at most.
  private static let most = 1 << 28

  init(_ path: String) throws(FileError) {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw FileError.reading(path) }
    (reading, writing) = (ends[0], ends[1])
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
  }

  mutating func closeWriting() {
    close(writing)
    writing = -1
  }

  mutating func closeReading() {
    if reading >= 0 { close(reading) }
    reading = -1
  }

  /// Waits until one of the pipes has bytes or is closed, and reads them; a signal ends the waiting.
  static func wait(_ pipes: inout [Pipe], milliseconds: Int32) {
    var polls = pipes.map { pollfd(fd: $0.reading, events: Int16(POLLIN), revents: 0) }
    guard poll(&polls, nfds_t(polls.count), milliseconds) > 0 else { return }
    for index in polls.indices where polls[index].revents != 0 { pipes[index].take() }
  }

  private mutating func take() {
    var part = [UInt8](repeating: 0, count: 1 << 16)
    let count = read(reading, &part, part.count)
    if count > 0 {
      if bytes.count < Self.most { bytes += part[..<count] }
    } else if count == 0 || errno != EINTR {
      closeReading()
    }
  }
}
