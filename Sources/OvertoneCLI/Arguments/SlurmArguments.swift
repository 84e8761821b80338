import ArgumentParser
import Laboratory

/// Resources of a Slurm job, as options of `overtone run`.
package struct SlurmArguments: ParsableArguments {
  @Flag(help: "Write a script for sbatch instead of running here.") var slurm = false
  @Flag(help: "Also submit that script by sbatch.") var submit = false
  @Option(help: "Tasks that divide the runs; by default one for each run that is not done, at most 32.") var array: Int?
  @Option(help: "Cores per task.") var cpus = 4
  @Option(help: "Memory per task, in Slurm's form: 16G; by default that of the partition.") var memory: String?
  @Option(help: "The partition.") var partition: String?
  @Option(help: "The account to charge.") var account: String?
  @Option(
    parsing: .unconditionalSingleValue,
    help: "A shell command to run first, such as 'module load gcc'; repeatable.")
  var setup: [String] = []
  @Option(
    parsing: .unconditionalSingleValue,
    help: "Another option of sbatch, such as --qos=long; repeatable.")
  var sbatch: [String] = []

  /// The defaults, for the argument parser.
  package init() {}

  /// True with --slurm or --submit, which implies it.
  var isRequested: Bool { slurm || submit }

  /// Throws for values out of range, and for options of a job without --slurm.
  package func validate() throws {
    if let array, !(1...100_000).contains(array) {
      throw ValidationError("--array must be from 1 to 100000, not \(array).")
    }
    guard (1...4096).contains(cpus) else { throw ValidationError("--cpus must be from 1 to 4096, not \(cpus).") }
    for (name, value) in [("--memory", memory), ("--partition", partition), ("--account", account)] {
      guard let value else { continue }
      guard !value.isEmpty, !value.contains(where: { $0.isWhitespace || "'\"\\".contains($0) }) else {
        throw ValidationError("\(name) must be one word, not '\(value)'.")
      }
    }
    for line in sbatch where !line.hasPrefix("-") || line.contains(where: \.isNewline) {
      throw ValidationError("--sbatch takes an option of sbatch, such as --qos=long, not '\(line)'.")
    }
    let stray = [
      array.map { _ in "--array" }, cpus == 4 ? nil : "--cpus", memory.map { _ in "--memory" },
      partition.map { _ in "--partition" }, account.map { _ in "--account" }, setup.first.map { _ in "--setup" },
      sbatch.first.map { _ in "--sbatch" },
    ]
    if !isRequested, let name = stray.compactMap(\.self).first {
      throw ValidationError("\(name) applies to a Slurm job; add --slurm to write its script.")
    }
  }
}
