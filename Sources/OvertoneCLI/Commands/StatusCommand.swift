import ArgumentParser
import Foundation
import Laboratory

struct StatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Print the state of each run of an experiment.")
  @OptionGroup var experiment: ExperimentArguments
  @Flag(help: "Print JSON.") var json = false

  private struct Entry: Encodable {
    var variant: String, seed: UInt64, state: String, detail: String, folder: String
  }

  func run() throws {
    let runs = try experiment.runs()
    let entries = try experiment.specs(of: runs).map { spec in
      let state = RunState(spec.folder)
      let isStale = state.kind == .done && state.fingerprint != spec.fingerprint
      return Entry(
        variant: spec.name, seed: spec.seed, state: isStale ? "changed" : state.kind.rawValue,
        detail: isStale
          ? "done with another configuration" : state.kind == .running ? progress(spec.folder) : state.detail,
        folder: spec.folder)
    }
    if json {
      return print(try JSON.encoded(entries), terminator: "")
    }
    let width = entries.map { $0.variant.count }.max() ?? 0
    for entry in entries {
      let name = entry.variant + String(repeating: " ", count: width - entry.variant.count)
      let state = entry.state + String(repeating: " ", count: 8 - entry.state.count)
      print(
        "\(name.isEmpty ? "" : name + "  ")seed \(entry.seed)  \(state) "
          + (entry.detail.isEmpty ? entry.folder : entry.detail)
      )
    }
    let done = entries.filter { $0.state == "done" }.count
    print("\(done) of \(entries.count) done")
  }

  /// Progress of a running run, with the time left.
  private func progress(_ folder: String) -> String {
    ((try? String(contentsOfFile: "\(folder)/PROGRESS", encoding: .utf8)) ?? "").trimmingCharacters(
      in: .whitespacesAndNewlines)
  }
}
