import Autoregression
import Networks
import Foundation
import Settings
import Storage

/// All variants of an experiment file: which there are, how far each has come, and how to run them.
package struct Campaign {
  /// One variant with one seed.
  package struct Member {
    let variant: Sweep.Variant
    /// Where its run lies: Results/<experiment>/<variant>-<hash>/<seed>, or without the variant where nothing varies.
    package let folder: String
    package let name: String
    package let seed: UInt64
    /// Of everything that was read, seed and folder left out.
    package let fingerprint: String
    let logging: Logging

    /// Whether nothing is left to do.
    package var isDone: Bool {
      RunState(folder).isDone(as: fingerprint) && (logging == .none || TensorBoard.isThere(in: folder))
    }

    package var title: String { name.isEmpty ? "seed \(seed)" : "\(name), seed \(seed)" }
  }

  package let experiment: String
  /// Where all its runs lie: Results/<experiment>.
  package let folder: String
  package let members: [Member]
  let claims: [(text: String, place: Place)]
  private let registry: Registry

  /// Assembles every variant once, so that all are known to be sound before the first is run.
  package init(_ sweep: Sweep, experiment: String, registry: Registry) throws {
    self.experiment = experiment
    self.registry = registry
    claims = sweep.claims
    var home = "Results/\(experiment)"
    let varies = sweep.variants.contains { !$0.name.isEmpty }
    members = try sweep.variants.map { variant in
      let assembly = try withoutStorage { try Assembly(variant.settings, name: experiment, registry: registry) }
      let print = assembly.fingerprint, label = variant.name.isEmpty ? "plain" : variant.name
      home = "\(assembly.results)/\(experiment)"
      let folder = varies ? "\(home)/\(label)-\(print.prefix(6))" : home
      return Member(
        variant: variant, folder: "\(folder)/\(assembly.seed)", name: variant.name, seed: assembly.seed,
        fingerprint: print, logging: assembly.logging)
    }
    folder = home
  }

  package func assembly(_ member: Member) throws(SettingsError) -> Assembly {
    try Assembly(member.variant.settings, name: experiment, registry: registry)
  }

  /// Those whose name, or name and seed ("band/2"), is one of `names`; all when there are none.
  package func members(named names: [String]) throws -> [Member] {
    guard !names.isEmpty else { return members }
    return try names.flatMap { name in
      let found = members.filter { $0.name == name || "\($0.name)/\($0.seed)" == name || "\($0.seed)" == name }
      guard !found.isEmpty else {
        let known = Set(members.map(\.name)).sorted(),
          near = nearest(name, among: known).map { " Did you mean '\($0)'?" } ?? ""
        throw LaboratoryError("no variant is called '\(name)'; there are \(known.joined(separator: ", ")).\(near)")
      }
      return found
    }
  }

  /// A line for each claim of the file, judged by what its members measured so far.
  package func verdicts() throws -> [String] {
    try judgements().map { "\($0.text): \($0.verdict.rawValue) (\($0.numbers))" }
  }

  /// Each claim of the file with its verdict and the numbers behind it.
  package func judgements() throws -> [(text: String, verdict: Claim.Verdict, numbers: String)] {
    guard !claims.isEmpty else { return [] }
    let results = try members.filter { FileManager.default.fileExists(atPath: RunResult.path(in: $0.folder)) }
      .map { try RunResult(in: $0.folder) }
    let table = try ResultTable(results)
    return try claims.map { text, place in
      let claim = try Claim(text, at: place)
      let known = Set(members.map(\.name))
      if let stray = claim.names.first(where: { !known.contains($0) }) {
        throw SettingsError.unsuitable(
          place,
          why:
            "'\(text)' speaks of '\(stray)', which is no variant; there are \(known.sorted().joined(separator: ", ")).")
      }
      let (verdict, numbers) = claim.judged(by: table)
      return (text, verdict, numbers)
    }
  }

  // MARK: Running

  /// Runs members one after another, each by whoever holds its lock: other processes may work on the same campaign.
  ///
  /// A failure is told at once and kept in STATUS; the rest goes on unless `failFast`. Throws at the end if any failed.
  package func run(_ chosen: [Member], journal: Journal, failFast: Bool, retries: Int, force: Bool) throws {
    var failures = 0
    for (number, member) in chosen.enumerated() {
      try Folder.make("\(member.folder)/samples")
      guard let lock = Lock(member.folder) else {
        guard chosen.count > 1 else {
          throw LaboratoryError("\(member.folder): another process works on this run; wait for it, or stop it.")
        }
        journal.say("\(member.title): another process works on it")
        continue
      }
      defer { lock.release() }
      if !force, member.isDone {
        if members.count > 1 { journal.say("\(member.title): done before (\(member.folder))") }
        continue
      }
      if Interruption.isAsked {
        throw Stopped(description: "stopped before \(member.title); the same command goes on from there.")
      }
      if chosen.count > 1 { journal.say("\(member.title): \(number + 1) of \(chosen.count)") }
      for attempt in 0...retries {
        do {
          var run = try Run(
            try assembly(member), folder: member.folder, variant: member.name, journal: journal)
          try run.all()
          break
        } catch let stopped as Stopped {
          throw stopped
        } catch {
          guard attempt == retries else {
            journal.say("\(member.title): failed, trying again: \(error)")
            continue
          }
          // One run alone fails as itself.
          guard chosen.count > 1 else { throw error }
          failures += 1
          journal.say("\(member.title): failed: \(error)")
          if failFast { throw LaboratoryError("\(member.title) failed, and --fail-fast leaves the rest.") }
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
