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
    /// Seconds, of the processor and of the clock.
    public var seconds: Int

    /// Limits of at least 64 MiB and a second.
    public init(memory: Int, seconds: Int) { (self.memory, self.seconds) = (max(1 << 26, memory), max(1, seconds)) }
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
    posix_spawn_file_actions_addclosefrom_np(&actions, 3)
    var identifier: pid_t = 0
    let status = withStrings([path] + arguments) { arguments in
      withStrings(environment) { posix_spawn(&identifier, path, &actions, nil, arguments, $0) }
    }
    output?.closeWriting()
    errors.closeWriting()
    guard status == 0 else {
      output?.closeReading()
      errors.closeReading()
      throw FileError(path, .unreadable(String(cString: strerror(status))))
    }
    limit(identifier, limits)
    var isKilled: Ending?
    let end = seconds() + Double(limits.seconds)
    var pipes = [errors] + (output.map { [$0] } ?? [])
    while pipes.contains(where: { $0.reading >= 0 }) {
      Pipe.wait(&pipes, milliseconds: 100)
      if isKilled == nil, isStopped() { isKilled = .stopped }
      if isKilled == nil, seconds() > end { isKilled = .outOfTime }
      if isKilled != nil { kill(identifier, SIGKILL) }
    }
    let ending = wait(identifier)
    return Outcome(
      ending: isKilled ?? (ending == .signal(SIGXCPU) ? .outOfTime : ending), identifier: identifier,
      output: pipes.count > 1 ? pipes[1].bytes : [], errors: pipes[0].bytes)
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

  /// Sets the limits of a process that runs already; it has loaded no file by then.
  private static func limit(_ identifier: pid_t, _ limits: Limits) {
    for (resource, soft, hard) in [
      (RLIMIT_AS, limits.memory, limits.memory), (RLIMIT_CPU, limits.seconds, limits.seconds + 5), (RLIMIT_CORE, 0, 0),
    ] {
      var current = rlimit()
      guard prlimit(identifier, resource, nil, &current) == 0 else { continue }
      // A limit that the user has set is never raised.
      var wanted = rlimit(
        rlim_cur: min(current.rlim_cur, rlim_t(soft)), rlim_max: min(current.rlim_max, rlim_t(hard)))
      _ = prlimit(identifier, resource, &wanted, nil)
    }
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
    guard pipe2(&ends, O_CLOEXEC) == 0 else { throw FileError.reading(path) }
    (reading, writing) = (ends[0], ends[1])
  }

  mutating func closeWriting() {
    close(writing)
    writing = -1
  }

  mutating func closeReading() {
    close(reading)
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
