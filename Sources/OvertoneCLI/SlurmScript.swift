import Foundation
import Laboratory
import Settings

/// A script for sbatch whose tasks run one command and divide its runs by locks.
package struct SlurmScript {
  /// The file, in the folder slurm of the results.
  package let path: String
  /// The script.
  package let text: String
  private let tasks: Int

  /// The command of each task.
  struct Command {
    /// Arguments of `overtone run`.
    var arguments: [String]
    /// Processes per task.
    var jobs: Int
    /// Threads per process; nil: the cores of the task divided by its processes.
    var threads: Int?
    var timeLimit: TimeLimit?
  }

  /// Throws if all of `specs` are done.
  init(of runs: ExperimentRuns, specs: [RunSpec], _ slurm: SlurmArguments, _ command: Command) throws {
    let waiting = specs.filter { !$0.isDone }.count
    guard waiting > 0 else {
      throw LaboratoryError("all \(specs.count) runs are done; there is nothing to submit.")
    }
    let name = runs.experiment
    tasks = slurm.array ?? min(32, (waiting + command.jobs - 1) / command.jobs)
    let folder = URL(fileURLWithPath: "\(runs.folder)/slurm").standardizedFileURL.path
    path = "\(folder)/\(name).sbatch"
    text = Self.text(
      Self.directives(name: name, folder: folder, tasks: tasks, slurm, command.timeLimit),
      setup: slurm.setup, directory: FileManager.default.currentDirectoryPath, program: Environment.program,
      arguments: command.arguments + (command.jobs > 1 ? ["--jobs", "\(command.jobs)"] : [])
        + (command.timeLimit.map { ["--time-limit", $0.text] } ?? []),
      threads: command.threads.map { "\($0)" } ?? Self.threads(jobs: command.jobs, cpus: slurm.cpus))
  }

  /// Threads per process: the cores of the task divided by its processes.
  private static func threads(jobs: Int, cpus: Int) -> String {
    jobs > 1 ? "\(max(1, cpus / jobs))" : "\"${SLURM_CPUS_PER_TASK:-\(cpus)}\""
  }

  /// Options of sbatch.
  private static func directives(
    name: String, folder: String, tasks: Int, _ slurm: SlurmArguments, _ timeLimit: TimeLimit?
  ) -> [String] {
    // %A and %a are the job and task numbers in Slurm; %% is a percent sign.
    let log = folder.split(separator: "%", omittingEmptySubsequences: false).joined(separator: "%%")
    // Slurm sends the signal this many seconds before the limit, up to a minute earlier.
    let warning = timeLimit.map { min(120, max(1, $0.seconds / 4)) } ?? 120
    return [
      "--job-name=\(name)", tasks > 1 ? "--array=1-\(tasks)" : nil,
      "--output=\"\(log)/\(tasks > 1 ? "%A_%a" : "%j").log\"", "--open-mode=append", "--ntasks=1",
      "--cpus-per-task=\(slurm.cpus)", slurm.memory.map { "--mem=\($0)" }, timeLimit.map { "--time=\($0.text)" },
      slurm.partition.map { "--partition=\($0)" }, slurm.account.map { "--account=\($0)" },
      "--signal=B:USR1@\(warning)", "--requeue",
    ].compactMap(\.self) + slurm.sbatch
  }

  /// The script from its sbatch directives and commands.
  package static func text(
    _ directives: [String], setup: [String], directory: String, program: String, arguments: [String], threads: String
  ) -> String {
    """
    #!/bin/bash
    # Written by overtone \(Environment.version). Each task takes runs that no other has taken, and goes on where an
    # earlier one stopped; submitting this again does nothing twice.
    \(directives.map { "#SBATCH \($0)" }.joined(separator: "\n"))

    cd \(Quoting.shell(directory)) || exit 1
    \(setup.map { $0 + "\n" }.joined())
    \(Quoting.shell(program)) run \(arguments.map(Quoting.shell).joined(separator: " ")) --threads \(threads) &
    program=$!

    # Slurm warns this shell before the time is over (USR1), or ends the job (TERM). Either goes on to the program,
    # which saves and ends with status 75.
    ended=no
    trap 'kill -USR1 "$program" 2>/dev/null' USR1
    trap 'ended=yes; kill -TERM "$program" 2>/dev/null' TERM
    while kill -0 "$program" 2>/dev/null; do wait "$program"; done
    wait "$program"
    status=$?

    # There is more to do. A job that was cancelled stays away; one that was preempted comes back by itself.
    if [ "$status" -eq 75 ] && [ "$ended" = no ]; then
      job="${SLURM_JOB_ID:-}"
      if [ -n "${SLURM_ARRAY_TASK_ID:-}" ]; then job="${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}"; fi
      if [ "${SLURM_RESTART_COUNT:-0}" -ge 1000 ]; then
        echo "stopped after 1000 restarts; submit $0 again to go on."
      elif scontrol requeue "$job"; then
        echo "stopped in time; job $job is back in the queue and goes on from there."
      else
        echo "Slurm does not take the job back; submit the script again to go on."
      fi
    fi
    exit "$status"

    """
  }

  /// Writes the script, and submits it or says how.
  func write(submitting: Bool) throws {
    try Folder.make(URL(fileURLWithPath: path).deletingLastPathComponent().path)
    try Folder.write(text, to: path)
    print("\(path): \(tasks == 1 ? "one task" : "\(tasks) tasks"); their logs are written beside it.")
    fflush(nil)
    guard submitting else {
      return print("Submit it with: sbatch \(Quoting.shell(path))")
    }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["sbatch", path]
    try process.run()
    process.waitUntilExit()
    switch process.terminationStatus {
    case 0: return
    case 127:
      throw LaboratoryError("sbatch is not installed here; submit \(path) where Slurm's commands are.")
    default: throw LaboratoryError("sbatch rejected \(path); its message is above.")
    }
  }
}
