import Autoregression
import Foundation
import Settings

/// The folder of a run, such as `Results/quickstart/1`, with the experiment that it was run with.
package struct RunFolder {
  /// The path, without a slash at its end.
  package let path: String

  /// Throws where the folder holds no `experiment.yaml`.
  package init(_ path: String) throws {
    self.path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    guard Folder.exists("\(self.path)/experiment.yaml") else {
      throw LaboratoryError(
        "\(self.path): this is not the folder of a run, it has no experiment.yaml; name one such as "
          + "Results/quickstart/1.")
    }
  }

  /// The run with `overrides` put over the settings it was run with; weights are not loaded yet.
  package func open(overrides: [String] = [], journal: Journal) throws -> Run {
    let (results, names) = Self.results(above: path)
    let settings = try Settings(file: "\(path)/experiment.yaml", overrides: ["results=\(results.yaml)"] + overrides)
    let assembly = try Assembly(settings, name: names.first ?? "run", registry: Registry.linked())
    let result = try? RunResult(in: path)
    return Run(assembly, folder: path, variant: result?.variant ?? "", journal: journal)
  }

  /// Returns the results folder that a run lies in, which is the one with `artefacts`, and the names of the folders
  /// between.
  package static func results(above folder: String) -> (folder: String, names: [String]) {
    var url = URL(fileURLWithPath: folder).standardizedFileURL, names: [String] = []
    while url.path != "/" {
      names.insert(url.lastPathComponent, at: 0)
      url.deleteLastPathComponent()
      if Folder.exists(url.appendingPathComponent("artefacts").path) { return (url.path, names) }
    }
    return ("Results", names.suffix(2))
  }
}
