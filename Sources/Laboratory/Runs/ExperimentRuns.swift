import Autoregression
import Networks
import Foundation
import Settings
import Storage

/// All variants of an experiment file: which there are, how far each has come, and how to run them.
package struct ExperimentRuns {
  package let experiment: String
  /// Where all its runs lie: Results/<experiment>.
  package let folder: String
  package let specs: [RunSpec]
  let expectations: [(text: String, location: FileLocation)]
  private let registry: Registry

  /// Assembles every variant once, so that all are known to be sound before the first is run.
  package init(_ sweep: Sweep, experiment: String, registry: Registry) throws {
    self.experiment = experiment
    self.registry = registry
    expectations = sweep.expectations
    var home = "Results/\(experiment)"
    let varies = sweep.variants.contains { !$0.name.isEmpty }
    specs = try sweep.variants.map { variant in
      let assembly = try withoutStorage { try Assembly(variant.settings, name: experiment, registry: registry) }
      let print = assembly.fingerprint, label = variant.name.isEmpty ? "plain" : variant.name
      home = "\(assembly.results)/\(experiment)"
      let folder = varies ? "\(home)/\(label)-\(print.prefix(6))" : home
      return RunSpec(
        variant: variant, folder: "\(folder)/\(assembly.seed)", name: variant.name, seed: assembly.seed,
        fingerprint: print, logging: assembly.logging)
    }
    folder = home
  }

  package func assembly(_ spec: RunSpec) throws(SettingsError) -> Assembly {
    try Assembly(spec.variant.settings, name: experiment, registry: registry)
  }

  /// Those whose name, or name and seed ("band/2"), is one of `names`; all when there are none.
  package func specs(named names: [String]) throws -> [RunSpec] {
    guard !names.isEmpty else { return specs }
    return try names.flatMap { name in
      let found = specs.filter { $0.name == name || "\($0.name)/\($0.seed)" == name || "\($0.seed)" == name }
      guard !found.isEmpty else {
        let known = Set(specs.map(\.name)).sorted(),
          near = nearest(name, among: known).map { " Did you mean '\($0)'?" } ?? ""
        throw LaboratoryError("no variant is called '\(name)'; there are \(known.joined(separator: ", ")).\(near)")
      }
      return found
    }
  }

  /// The expectations of the file, a line each, evaluated on the results so far: "psnr: full > band: holds (…)".
  package func outcomeLines() throws -> [String] {
    try outcomes().map { "\($0.text): \($0.outcome.rawValue) (\($0.numbers))" }
  }

  /// The expectations of the file, evaluated on the results so far.
  package func outcomes() throws -> [Expectation.Result] {
    guard !expectations.isEmpty else { return [] }
    let results = try specs.filter { Folder.exists(RunResult.path(in: $0.folder)) }.map { try RunResult(in: $0.folder) }
    let table = try ResultTable(results)
    return try expectations.map { text, location in
      let expectation = try Expectation(text, at: location), variants = Set(specs.map(\.name))
      if let stray = expectation.names.first(where: { !variants.contains($0) }) {
        let names = variants.sorted().joined(separator: ", ")
        throw SettingsError.unsuitable(
          location, why: "'\(text)' speaks of '\(stray)', which is no variant; there are \(names).")
      }
      return expectation.evaluated(on: table)
    }
  }

  // MARK: Running

  /// Runs specs one after another, each by whoever holds its lock: other processes may work on the same runs.
  ///
  /// A failure is told at once and kept in STATUS; the rest goes on unless `failFast`. Throws at the end if any failed.
  package func execute(_ chosen: [RunSpec], journal: Journal, failFast: Bool, retries: Int, force: Bool) throws {
    var failures = 0
    for (number, spec) in chosen.enumerated() {
      try Folder.make("\(spec.folder)/samples")
      guard let lock = Lock(spec.folder) else {
        guard chosen.count > 1 else {
          throw LaboratoryError("\(spec.folder): another process works on this run; wait for it, or stop it.")
        }
        journal.say("\(spec.title): another process works on it")
        continue
      }
      defer { lock.release() }
      if !force, spec.isDone {
        if specs.count > 1 { journal.say("\(spec.title): done before (\(spec.folder))") }
        continue
      }
      if Interruption.isRequested {
        throw Stopped(description: "stopped before \(spec.title); the same command goes on from there.")
      }
      if chosen.count > 1 { journal.say("\(spec.title): \(number + 1) of \(chosen.count)") }
      for attempt in 0...retries {
        do {
          var run = try Run(
            try assembly(spec), folder: spec.folder, variant: spec.name, journal: journal)
          try run.all()
          break
        } catch let stopped as Stopped {
          throw stopped
        } catch {
          guard attempt == retries else {
            journal.say("\(spec.title): failed, trying again: \(error)")
            continue
          }
          // One run alone fails as itself.
          guard chosen.count > 1 else { throw error }
          failures += 1
          journal.say("\(spec.title): failed: \(error)")
          if failFast { throw LaboratoryError("\(spec.title) failed, and --fail-fast leaves the rest.") }
        }
      }
    }
    guard failures == 0 else {
      throw LaboratoryError(
        "\(failures) of \(chosen.count) runs failed; 'overtone status' says which and why, and the same command tries them again."
      )
    }
  }
}

extension Assembly {
  /// A hash of everything that was read, but for the seed, where results go, how they are shown, and how
  /// far a run goes.
  var fingerprint: String {
    let lines = settings.reads.filter { section, reading in
      reading.yaml != nil && !(section.isEmpty && ["seed", "results", "logging", "stages"].contains(reading.key))
    }.map { section, reading in "\(section).\(reading.key)=\(reading.yaml ?? "")" }
    return SHA256.hex(of: lines.sorted().joined(separator: "\n"))
  }
}
