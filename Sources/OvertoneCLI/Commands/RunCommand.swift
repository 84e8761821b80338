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

      Images and results are written to Results/<experiment>/<seed>, and with overrides that affect results to
      Results/<experiment>/<overrides>-<hash>/<seed>. A finished run of another configuration, as after a change of the
      file, is replaced with --overwrite only. Checkpoints are kept in Results/artefacts and
      shared by all runs with equal training settings, so that a setting of generation alone does not train again. After
      Ctrl-C (status 75) or --time-limit, the same command resumes.

      With --slurm the command writes a script for sbatch, whose tasks divide the runs of a sweep:

        overtone run Experiments/smoke/sweep.yaml --slurm --array 4 --time-limit 2:00:00 --partition short
      """)
  @OptionGroup var experiment: ExperimentArguments
  @Flag(name: .shortAndLong, help: "Print errors only.") var quiet = false
  @Flag(help: "Stop at the first run of a sweep that fails; by default the others continue.") var failFast = false
  @Flag(help: "Repeat runs that are done.") var force = false
  @Flag(help: "Replace finished runs of another configuration, as after a change of the file.") var overwrite = false
  @Option(help: "Retries of a run that fails.") var retries = 0
  @Option(help: "Runs of a sweep at a time, each in a process of its own; by default one after another in this one.")
  var jobs: Int?
  @Option(help: "Number of threads; all cores by default.") var threads: Int?
  @Option(
    help: ArgumentHelp(
      "Save and stop, with status 75, within this time: 2:00:00, 90 (minutes), 1-12:00:00, 20h.",
      valueName: "time"))
  var timeLimit: TimeLimit?
  @Flag(help: "Print the time of each operation at the end.") var profile = false
  /// Set for the processes of --jobs: the title of the run, for its log lines.
  @Option(help: .hidden) var worker: String?
  @OptionGroup(title: "Slurm") var slurm: SlurmArguments

  func validate() throws {
    if let jobs, !(1...1024).contains(jobs) { throw ValidationError("--jobs must be from 1 to 1024, not \(jobs).") }
    guard (0...100).contains(retries) else { throw ValidationError("--retries must be from 0 to 100, not \(retries).") }
    guard !(slurm.isRequested && force) else {
      throw ValidationError("--force would repeat runs at every start of a task; leave it out with --slurm.")
    }
  }

  func run() throws {
    if !slurm.isRequested { Interruption.resume() }
    if worker != nil { Interruption.followStandardInput() }
    let journal = Journal(quiet: quiet, title: worker)
    var runs = try experiment.runs()
    runs.overwrites = overwrite
    try runs.prepare(try experiment.specs(of: runs))
    if slurm.isRequested {
      let script = try SlurmScript(
        of: runs, specs: try experiment.specs(of: runs), slurm,
        SlurmScript.Command(
          arguments: arguments(experiment.variant), jobs: jobs ?? 1, threads: threads, timeLimit: timeLimit))
      return try script.write(submitting: slurm.submit)
    }
    if let threads { ThreadPool.shared.use(threads) }
    if profile { Profile.shared.start() }
    defer { if profile { print(ProfileTable(Profile.shared.stop(), repetitions: 1).text) } }
    if let timeLimit { Interruption.stop(after: timeLimit.workSeconds) }
    do { try run(runs, journal) } catch let stopped as Stopped where Interruption.isOutOfTime {
      throw Stopped("the time limit of \(timeLimit?.text ?? "") is near", stopped)
    }
    guard worker == nil else { return }
    for line in try runs.outcomeLines() { journal.say(line) }
  }

  private func run(_ runs: ExperimentRuns, _ journal: Journal) throws {
    let specs = try experiment.specs(of: runs)
    guard let jobs, worker == nil else {
      Interruption.recordCrashes()
      return try runs.execute(
        specs, journal: journal, failFast: failFast, retries: retries, force: force, isShared: worker != nil)
    }
    // Workers divide the cores, unless --threads sets the number of each.
    let workerThreads = threads ?? max(1, ThreadPool.shared.threads / jobs)
    let more = ["--threads", "\(workerThreads)"] + (force ? ["--force"] : []) + (profile ? ["--profile"] : [])
    try runs.execute(
      specs, jobs: jobs, arguments: { arguments(["\($0.name)/\($0.seed)"]) + more + ["--worker", $0.title] },
      journal: journal, failFast: failFast, force: force)
  }

  /// Arguments for another process that works on some variants, or on all where none is named.
  private func arguments(_ variants: [String]) -> [String] {
    [experiment.file] + experiment.overrides + (experiment.scale.map { ["--scale", $0] } ?? [])
      + variants.flatMap { ["--variant", $0] } + (retries > 0 ? ["--retries", "\(retries)"] : [])
      + (failFast ? ["--fail-fast"] : []) + (overwrite ? ["--overwrite"] : []) + (quiet ? ["--quiet"] : [])
  }
}
