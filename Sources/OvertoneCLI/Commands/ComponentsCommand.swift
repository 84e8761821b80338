import ArgumentParser
import Autoregression
import Laboratory
import Settings

struct ComponentsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "components", abstract: "Print the components of an experiment, with settings and sources.",
    discussion: """
      With --schema, a JSON Schema of experiment files, for completion and validation in editors.

        overtone components diffusion
        overtone components --schema > Experiments/experiment.schema.json
      """)
  @Argument(help: "A role or key; all by default.") var name: String?
  @Flag(help: "Print JSON.") var json = false
  @Flag(help: "Print a JSON Schema of experiment files.") var schema = false

  func run() throws {
    if schema {
      print(ExperimentSchema(Registry.linked()).text, terminator: "")
      return
    }
    let list = Catalogue(Registry.linked())
    if let name, list.entries(name).isEmpty {
      let near = nearest(name, among: list.names).map { " Did you mean '\($0)'?" } ?? ""
      throw LaboratoryError("no role or component is called '\(name)'.\(near)")
    }
    print(list.text(name, json: json))
  }
}
