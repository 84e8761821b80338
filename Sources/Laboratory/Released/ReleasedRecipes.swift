import Foundation
import Settings

/// All recipes of released code: the files of a folder `released`.
package struct ReleasedRecipes: Sendable {
  /// The folder that holds `released`, which paths of the recipes begin from.
  package let root: String
  /// The recipes, in the order of file names.
  package let all: [ReleasedRecipe]

  /// Reads the folder `released` that is nearest above a file or folder; throws where there is none.
  package init(above path: String) throws {
    var folder = URL(fileURLWithPath: path).standardizedFileURL
    while folder.path != "/", !Folder.exists("\(folder.path)/released") { folder.deleteLastPathComponent() }
    guard folder.path != "/" else {
      throw LaboratoryError(
        "\(path): no folder above it has a folder 'released' with the settings of released code; name a file of "
          + "Experiments, such as Experiments/papers/far/sizes.yaml.")
    }
    let root = folder.path
    self.root = root
    let names = try FileManager.default.contentsOfDirectory(atPath: "\(root)/released")
    all = try names.filter { $0.hasSuffix(".yaml") }.sorted().flatMap {
      try ReleasedRecipe.recipes(ofFile: "\(root)/released/\($0)")
    }
  }

  /// Returns the recipes of files, those of a later file behind those of an earlier one.
  func recipes(of files: [String]) -> [ReleasedRecipe] {
    files.map(relative).flatMap { file in all.filter { $0.files.contains(file) } }
  }

  /// Returns a path from `root`.
  package func relative(_ path: String) -> String {
    let full = URL(fileURLWithPath: path).standardizedFileURL.path
    return full.hasPrefix("\(root)/") ? String(full.dropFirst(root.count + 1)) : full
  }
}
