import Foundation

extension ExperimentRuns {
  /// Runs the runs by several processes of this program, which claim runs by lock; this one waits.
  ///
  /// Whoever asks this process to stop asks the others, too: a batch system may know only this one.
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
    var isTold = false
    while workers.contains(where: \.isRunning) {
      if Interruption.isRequested && !isTold {
        isTold = true
        for worker in workers where worker.isRunning { kill(worker.processIdentifier, SIGTERM) }
      }
      usleep(50_000)
    }
    for worker in workers { worker.waitUntilExit() }
    if isTold || workers.contains(where: { $0.terminationStatus == 75 }) {
      throw Stopped(description: "stopped; the same command goes on from there.")
    }
    if workers.contains(where: { $0.terminationStatus != 0 }) {
      throw LaboratoryError("some runs failed; 'overtone status' says which and why.")
    }
  }
}
