import Foundation

extension ExperimentRuns {
  /// Executes runs in a process of this program each, `jobs` at a time: what ends one of them ends no other.
  ///
  /// `arguments` are those of `overtone run` for one run. A stop that is requested of this process, or its end, reaches
  /// the others by the end of their standard input: a batch system may know this process only. Throws at the end where
  /// any run failed, with a line for each, and `Stopped` where one stopped.
  package func execute(
    _ chosen: [RunSpec], jobs: Int, arguments: (RunSpec) -> [String], journal: Journal, failFast: Bool, force: Bool
  ) throws {
    let hold = Interruption.Hold()
    hold.begin()
    defer { hold.end() }
    var waiting = Self.inOrder(chosen.filter { force || !$0.isDone })[...],
      workers = [Worker?](repeating: nil, count: jobs)
    var failures = FailedRuns(count: chosen.count), isStopping = false
    while !waiting.isEmpty || workers.contains(where: { $0 != nil }) {
      if Interruption.isRequested || isStopping {
        isStopping = true
        waiting = []
        for worker in workers { worker?.stop() }
      }
      for position in workers.indices {
        if let worker = workers[position], !worker.isRunning {
          workers[position] = nil
          switch worker.end(at: position) {
          case .done: break
          case .stopped: isStopping = true
          case .failed(let reason):
            failures.add(worker.spec, reason)
            journal.say("\(worker.spec.title): \(reason)")
            if failFast { waiting = [] }
          }
        }
        if workers[position] == nil, let spec = waiting.popFirst() {
          workers[position] = try Worker(spec, arguments(spec), at: position)
        }
      }
      usleep(20_000)
    }
    if isStopping { throw Stopped("stopped") }
    try failures.check()
  }

  /// One run in a process of its own.
  private final class Worker {
    /// The end of a process.
    enum Outcome { case done, stopped, failed(String) }

    let spec: RunSpec
    private let process = Process()
    private let input = Pipe()
    /// True once its standard input was ended.
    private var isStopped = false

    /// Starts the process; `position` is its number among those that run at a time.
    init(_ spec: RunSpec, _ arguments: [String], at position: Int) throws {
      self.spec = spec
      // Another worker that inherited it would keep this one's input open.
      _ = fcntl(input.fileHandleForWriting.fileDescriptor, F_SETFD, FD_CLOEXEC)
      process.executableURL = URL(fileURLWithPath: Environment.program)
      process.arguments = ["run"] + arguments
      process.standardInput = input
      try process.run()
      WorkerProcesses.note(process.processIdentifier, at: position)
    }

    var isRunning: Bool { process.isRunning }

    /// Requests a stop.
    func stop() {
      guard !isStopped else { return }
      isStopped = true
      try? input.fileHandleForWriting.close()
    }

    /// Returns how the process ended, which it records in `STATUS` where the process could not.
    func end(at position: Int) -> Outcome {
      process.waitUntilExit()
      WorkerProcesses.forget(at: position)
      stop()
      let status = process.terminationStatus
      if process.terminationReason == .exit, status == 0 || status == 75 { return status == 0 ? .done : .stopped }
      let isSignal = process.terminationReason == .uncaughtSignal
      // A run that was stopped is not broken.
      if isSignal, [SIGINT, SIGTERM, SIGUSR1].contains(status) { return .stopped }
      let state = RunState(spec.folder)
      switch state.kind {
      case .failed, .crashed: return .failed("\(state.kind.rawValue): \(state.detail)")
      default:
        let text = isSignal ? RunStatus.text(ofSignal: status) : "crashed: exit status \(status)"
        try? Folder.write(RunStatus.content(text, spec.fingerprint), to: "\(spec.folder)/STATUS")
        return .failed(text)
      }
    }
  }
}
