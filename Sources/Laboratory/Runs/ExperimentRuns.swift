import Autoregression
import Foundation
import Networks
import Settings

/// The runs of an experiment file: one for each variant and seed.
package struct ExperimentRuns {
  /// The experiment's name: its key `name`, or the name of its file.
  package let experiment: String
  /// True where finished runs of another configuration are replaced.
  package var overwrites = false
  /// The path of the experiment file.
  let file: String
  /// The folder of all its runs: `Results/<experiment>`.
  package let folder: String
  /// A run for each variant with each seed, in the order of the file.
  package let specs: [RunSpec]
  /// The entries of `expect`, with their locations in the file.
  let expectations: [(text: String, location: FileLocation)]
  /// The paths of `varies`, with their location in the file.
  let varies: (paths: [String], location: FileLocation)?
  /// The names of all variants, with the measurements that each gives; nil where an override replaces the metrics.
  private let measurements: [(name: String, measurements: [String])]?
  private let registry: Registry

  /// Assembles every variant once; throws the error of the first that is not sound.
  ///
  /// `experiment` is the name of a file that has no key `name`. Overrides and a scale that affect results have a folder
  /// of their own, as the variants of a sweep have: what the file alone says is never overwritten by them.
  package init(_ sweep: Sweep, experiment: String, registry: Registry) throws {
    self.registry = registry
    file = sweep.file
    (expectations, varies) = (sweep.expectations, sweep.varies)
    var home = "Results/\(experiment)", name = experiment
    let varies = sweep.variants.contains { !$0.name.isEmpty }
    let base = try? sweep.baseSettings.map { settings in
      try withoutStorage { try Assembly(settings, name: experiment, registry: registry) }.resultSettings
    }
    var names: [String: [String]] = [:]
    specs = try sweep.variants.map { variant in
      let assembly = try withoutStorage { try Assembly(variant.settings, name: experiment, registry: registry) }
      let print = assembly.fingerprint, settings = assembly.resultSettings
      names[variant.name, default: []] += assembly.metrics.flatMap(\.names) + assembly.validationSeries.map(\.name)
      (home, name) = ("\(assembly.results)/\(assembly.name)", assembly.name)
      let label = varies ? (variant.name.isEmpty ? "plain" : variant.name) : Self.name(of: sweep, settings, over: base)
      let folder = label.isEmpty ? home : "\(home)/\(Self.folderName(label))-\(print.prefix(6))"
      return RunSpec(
        variant: variant, folder: "\(folder)/\(assembly.seed)", name: varies ? variant.name : label,
        seed: assembly.seed, fingerprint: print, settings: settings, logging: assembly.logging)
    }
    (folder, self.experiment) = (home, name)
    // A variant that an override makes equal to another measures what that one does.
    let first = specs.first.flatMap { names[$0.variant.name] } ?? []
    measurements =
      sweep.overrides.contains { $0.hasPrefix("metrics") }
      ? nil : unique(sweep.names).map { name in (name, unique(names[name] ?? first)) }
  }

  /// Assembles the experiment of one run.
  package func assembly(_ spec: RunSpec) throws(SettingsError) -> Assembly {
    try Assembly(spec.variant.settings, name: experiment, registry: registry)
  }

  /// Returns the runs whose variant ("band"), seed ("2") or both ("band/2") is one of `names`; all where `names` is
  /// empty. Throws where a name fits no run.
  package func specs(named names: [String]) throws -> [RunSpec] {
    guard !names.isEmpty else { return specs }
    return try names.flatMap { name in
      let found = specs.filter { $0.name == name || "\($0.name)/\($0.seed)" == name || "\($0.seed)" == name }
      guard !found.isEmpty else {
        let variants = Set(specs.map(\.name)).sorted()
        let near = nearest(name, among: variants).map { " Did you mean '\($0)'?" } ?? ""
        throw LaboratoryError("no variant is called '\(name)'; there are \(variants.joined(separator: ", ")).\(near)")
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
    let table = try ResultTable(try specs.compactMap { try $0.result })
    return try expectations.map { text, location in try Expectation(text, at: location).evaluated(on: table) }
  }

  /// Throws where variants differ in more than `varies` lists, and where an entry of `expect` is none, or names a
  /// variant or a metric that is not there: all that can be known before anything runs.
  package func checkExpectations() throws(SettingsError) {
    try checkVariation()
    for (text, location) in expectations {
      let expectation = try Expectation(text, at: location)
      if let measurements { try expectation.check(against: measurements, at: location) }
    }
  }

  // MARK: Running

  /// Executes runs one after another, each under its lock: other processes may work on the same experiment.
  ///
  /// A failure is logged at once and recorded in `STATUS`; the other runs go on unless `failFast`. A failed run is
  /// tried `retries` times more. `force` repeats runs that are done, and `overwrites` replaces finished runs of another
  /// configuration. `isShared`: a run that another process works on is left to it, even where it is the only one.
  /// Throws at the end where any run failed, with a line for each, and before anything runs where a folder holds other
  /// runs.
  package func execute(
    _ chosen: [RunSpec], journal: Journal, failFast: Bool, retries: Int, force: Bool, isShared: Bool = false
  ) throws {
    try prepare(chosen)
    var failures = FailedRuns(count: chosen.count)
    for (number, spec) in Self.inOrder(chosen).enumerated() {
      try Folder.make("\(spec.folder)/samples")
      guard let lock = try Lock(spec.folder) else {
        guard chosen.count > 1 || isShared else {
          throw LaboratoryError("\(spec.folder): another process works on this run; wait for it, or stop it.")
        }
        journal.say("\(spec.title): another process works on it")
        continue
      }
      defer { lock.release() }
      Folder.removeAbandonedFiles(below: spec.folder)
      if !force, spec.isDone {
        if specs.count > 1 { journal.say("\(spec.title): done before (\(spec.folder))") }
        continue
      }
      if Interruption.isRequested { throw Stopped("stopped before \(spec.title)") }
      if chosen.count > 1 { journal.say("\(spec.title): \(number + 1) of \(chosen.count)") }
      do {
        if !overwrites { try spec.refuseOverwriting() }
        try spec.clear(journal)
        try execute(spec, journal, retries: retries)
      } catch let stopped as Stopped { throw stopped } catch {
        // The error of a single run is that of the command.
        guard chosen.count > 1 else { throw error }
        failures.add(spec, "failed: \(error)")
        journal.say("\(spec.title): failed: \(error)")
        if failFast { throw LaboratoryError("\(spec.title) failed, and --fail-fast leaves the rest.") }
      }
    }
    try failures.check()
  }

  /// Returns runs in the order of execution: those that crashed before come last, since they may end the process again.
  static func inOrder(_ chosen: [RunSpec]) -> [RunSpec] {
    let crashed = chosen.map { RunState($0.folder).kind == .crashed }
    return zip(chosen, crashed).filter { !$0.1 }.map(\.0) + zip(chosen, crashed).filter(\.1).map(\.0)
  }

  /// Executes one run; throws its error once all tries have failed.
  private func execute(_ spec: RunSpec, _ journal: Journal, retries: Int) throws {
    for attempt in 0...retries {
      do {
        // Before any weight is drawn.
        try withoutStorage { try assembly(spec) }.refuseUnlessTrainingFits()
        var run = Run(try assembly(spec), folder: spec.folder, variant: spec.name, journal: journal)
        return try run.execute()
      } catch let stopped as Stopped {
        throw stopped
      } catch {
        // What diverged diverges again.
        guard attempt < retries, !(error is Divergence) else { throw error }
        journal.say("\(spec.title): failed, trying again: \(error)")
      }
    }
  }
}
