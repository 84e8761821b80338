import Foundation

extension ExperimentRuns {
  /// Executes the runs by `jobs` processes of this program, which take runs by lock; this process waits.
  ///
  /// A stop that is requested of this process is passed on to the others: a batch system may know this one only.
  /// `arguments` are those of `overtone run`.
  package func execute(jobs: Int, arguments: [String], journal: Journal) throws {
    let workers = try (0..<jobs).map { index in
      let process = Process()
      process.executableURL = URL(fileURLWithPath: Environment.program)
      process.arguments = ["run"] + arguments
      process.standardInput = FileHandle.nullDevice
      try process.run()
      journal.say("worker \(index + 1): process \(process.processIdentifier)")
      return process
    }
    var isStopping = false
    while workers.contains(where: \.isRunning) {
      if Interruption.isRequested && !isStopping {
        isStopping = true
        for worker in workers where worker.isRunning { kill(worker.processIdentifier, SIGTERM) }
      }
      usleep(50_000)
    }
    for worker in workers { worker.waitUntilExit() }
    if isStopping || workers.contains(where: { $0.terminationStatus == 75 }) { throw Stopped("stopped") }
    if workers.contains(where: { $0.terminationStatus != 0 }) {
      throw LaboratoryError("some runs failed; 'overtone status' says which and why.")
    }
  }
}
