import ArgumentParser
import Laboratory

/// What a Slurm job asks for; options of `overtone run`.
package struct SlurmArguments: ParsableArguments {
  @Flag(help: "Run nothing here: write a script for sbatch, and say how to submit it.") var slurm = false
  @Flag(help: "Submit that script by sbatch, too.") var submit = false
  @Option(help: "Tasks that share the runs; left out: one for each run that is not done, at most 32.") var array: Int?
  @Option(help: "Cores of each task.") var cpus = 4
  @Option(help: "Memory of each task, as Slurm writes it: 16G; left out: what the partition gives.") var memory: String?
  @Option(help: "The partition.") var partition: String?
  @Option(help: "The account that pays.") var account: String?
  @Option(
    parsing: .unconditionalSingleValue,
    help: "A line of the shell that comes first, such as 'module load gcc'; may be given several times.")
  var setup: [String] = []
  @Option(
    parsing: .unconditionalSingleValue,
    help: "One more option of sbatch, such as --qos=long; may be given several times.")
  var sbatch: [String] = []

  package init() {}

  /// --submit writes the script first.
  var isAsked: Bool { slurm || submit }

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
    if !isAsked, let name = stray.compactMap(\.self).first {
      throw ValidationError("\(name) speaks of a Slurm job; add --slurm to write its script.")
    }
  }
}
