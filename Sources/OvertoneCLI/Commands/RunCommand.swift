import ArgumentParser
import Foundation
import Laboratory
import Tensors

struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Train, generate and evaluate; a repeated command resumes, and skips what is done.",
    discussion: """
      A first experiment, then the same with other settings:

        overtone run Experiments/quickstart.yaml
        overtone run Experiments/quickstart.yaml direction.filter=dct training.steps=2000 seed=2

      Images and results are written to Results/<experiment>/<seed>. Checkpoints are kept in Results/artefacts and
      shared by all runs with equal training settings, so that a setting of generation alone does not train again. After
      Ctrl-C (status 75) or --time-limit, the same command resumes.

      With --slurm the command writes a script for sbatch, whose tasks divide the runs of a sweep:

        overtone run Experiments/smoke/sweep.yaml --slurm --array 4 --time-limit 2:00:00 --partition short
      """)
  @OptionGroup var experiment: ExperimentArguments
  @Flag(name: .shortAndLong, help: "Print errors only.") var quiet = false
  @Flag(help: "Stop at the first run of a sweep that fails; by default the others continue.") var failFast = false
  @Flag(help: "Repeat runs that are done.") var force = false
  @Option(help: "Retries of a run that fails.") var retries = 0
  @Option(help: "Processes that divide the runs of a sweep.") var jobs = 1
  @Option(help: "Number of threads; all cores by default.") var threads: Int?
  @Option(
    help: ArgumentHelp(
      "Save and stop, with status 75, within this time: 2:00:00, 90 (minutes), 1-12:00:00, 20h.",
      valueName: "time"))
  var timeLimit: TimeLimit?
  @Flag(help: "Print the time of each operation at the end.") var profile = false
  @OptionGroup(title: "Slurm") var slurm: SlurmArguments

  func validate() throws {
    guard (1...1024).contains(jobs) else { throw ValidationError("--jobs must be from 1 to 1024, not \(jobs).") }
    guard (0...100).contains(retries) else { throw ValidationError("--retries must be from 0 to 100, not \(retries).") }
    guard !(slurm.isRequested && force) else {
      throw ValidationError("--force would repeat runs at every start of a task; leave it out with --slurm.")
    }
  }

  func run() throws {
    let journal = Journal(quiet: quiet), runs = try experiment.runs()
    if slurm.isRequested {
      let script = try SlurmScript(
        of: runs, specs: try experiment.specs(of: runs), slurm,
        SlurmScript.Command(arguments: arguments, jobs: jobs, threads: threads, timeLimit: timeLimit))
      return try script.write(submitting: slurm.submit)
    }
    if let threads { ThreadPool.shared.use(threads) }
    if profile { Profile.shared.start() }
    defer { if profile { print(ProfileTable(Profile.shared.stop(), repetitions: 1).text) } }
    if let timeLimit { Interruption.stop(after: timeLimit.workSeconds) }
    do { try run(runs, journal) } catch let stopped as Stopped where Interruption.isOutOfTime {
      throw Stopped("the time limit of \(timeLimit?.text ?? "") is near", stopped)
    }
    for line in try runs.outcomeLines() { journal.say(line) }
  }

  private func run(_ runs: ExperimentRuns, _ journal: Journal) throws {
    guard jobs > 1 else {
      return try runs.execute(
        try experiment.specs(of: runs), journal: journal, failFast: failFast, retries: retries, force: force)
    }
    // Workers divide the cores, unless --threads sets the number of each.
    let workerThreads = threads ?? max(1, ThreadPool.shared.threads / jobs)
    let limit = timeLimit.map { ["--time-limit", $0.text] } ?? []
    try runs.execute(
      jobs: jobs, arguments: arguments + ["--threads", "\(workerThreads)"] + limit + (force ? ["--force"] : []),
      journal: journal
    )
  }

  /// Arguments for another process that takes part in the work.
  private var arguments: [String] {
    [experiment.file] + experiment.overrides + (experiment.scale.map { ["--scale", $0] } ?? [])
      + experiment.variant.flatMap { ["--variant", $0] } + (retries > 0 ? ["--retries", "\(retries)"] : [])
      + (failFast ? ["--fail-fast"] : []) + (quiet ? ["--quiet"] : [])
  }
}
