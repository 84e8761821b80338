import ArgumentParser
import Foundation
import Laboratory
import Tensors

struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Train what is missing, make pictures, measure; running again goes on or does nothing twice.",
    discussion: """
      The first experiment to try, then the same with something changed:

        overtone run Experiments/quickstart.yaml
        overtone run Experiments/quickstart.yaml direction.filter=dct training.steps=2000 seed=2

      Pictures and numbers are in Results/<experiment>/<seed>, and the command says where. What is trained lies in
      Results/artefacts and serves every run that asks for the same: a setting that only matters in generation trains
      nothing again. Stopped with Ctrl-C (status 75), or by --time-limit, the same command goes on from there.

      On a cluster with Slurm, the same command writes a script for sbatch, whose tasks share the runs of a sweep:

        overtone run Experiments/smoke/sweep.yaml --slurm --array 4 --time-limit 2:00:00 --partition short
      """)
  @OptionGroup var experiment: ExperimentArguments
  @Flag(name: .shortAndLong, help: "Say nothing but errors.") var quiet = false
  @Flag(help: "Stop at the first run of a sweep that fails; else the others go on.") var failFast = false
  @Flag(help: "Run again what is done.") var force = false
  @Option(help: "Tries more for a run that fails.") var retries = 0
  @Option(help: "Processes that share the runs of a sweep.") var jobs = 1
  @Option(help: "Threads to use; all cores when left out.") var threads: Int?
  @Option(
    help: ArgumentHelp(
      "Save and stop, with status 75, before so much time is over: 2:00:00, 90 (minutes), 1-12:00:00, 20h.",
      valueName: "time"))
  var timeLimit: TimeLimit?
  @Flag(help: "At the end, print where the time went, operation by operation.") var profile = false
  @OptionGroup(title: "Slurm") var slurm: SlurmArguments

  func validate() throws {
    guard (1...1024).contains(jobs) else { throw ValidationError("--jobs must be from 1 to 1024, not \(jobs).") }
    guard (0...100).contains(retries) else { throw ValidationError("--retries must be from 0 to 100, not \(retries).") }
    guard !(slurm.isAsked && force) else {
      throw ValidationError("--force would do runs again at every start of a task; leave it out with --slurm.")
    }
  }

  func run() throws {
    let journal = Journal(quiet: quiet), runs = try experiment.runs()
    if slurm.isAsked {
      let script = try SlurmScript(
        of: runs, specs: try experiment.specs(of: runs), slurm, timeLimit: timeLimit,
        arguments: arguments, jobs: jobs, threads: threads)
      return try script.write(submitting: slurm.submit)
    }
    if let threads { ThreadPool.shared.use(threads) }
    if profile { Profile.shared.start() }
    defer { if profile { print(ProfileTable(Profile.shared.stop(), repetitions: 1).text) } }
    if let timeLimit { Interruption.stop(after: timeLimit.workSeconds) }
    do { try run(runs, journal) } catch let stopped as Stopped where Interruption.isOutOfTime {
      throw Stopped(description: "the time limit of \(timeLimit?.text ?? "") is near: \(stopped)")
    }
    for line in try runs.outcomeLines() { journal.say(line) }
  }

  private func run(_ runs: ExperimentRuns, _ journal: Journal) throws {
    guard jobs > 1 else {
      return try runs.execute(
        try experiment.specs(of: runs), journal: journal, failFast: failFast, retries: retries, force: force)
    }
    // Workers share the cores unless told otherwise.
    let each = threads ?? max(1, ThreadPool.shared.threads / jobs)
    let limit = timeLimit.map { ["--time-limit", $0.text] } ?? []
    try runs.execute(
      jobs: jobs, arguments: arguments + ["--threads", "\(each)"] + limit + (force ? ["--force"] : []), journal: journal
    )
  }

  /// What another process of this program must be told to do the same work.
  private var arguments: [String] {
    [experiment.file] + experiment.overrides + (experiment.scale.map { ["--scale", $0] } ?? [])
      + experiment.variant.flatMap { ["--variant", $0] } + (retries > 0 ? ["--retries", "\(retries)"] : [])
      + (failFast ? ["--fail-fast"] : []) + (quiet ? ["--quiet"] : [])
  }
}
