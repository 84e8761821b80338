extension Rule {
  /// From the system's libraries up to the command: a target imports what stands below it.
  static let layers: [[String]] = [
    ["COpenBLAS", "CFFTW", "CYAML", "CHDF5", "CPNG", "CJPEG", "CZlib", "CCrypto", "CParts"],
    ["Files"],
    ["Tensors", "Spectra", "Storage", "Images", "Settings", "ForeignWeights"],
    ["Networks"],
    ["Autoregression", "AutoregressionTesting"],
    ["Directions", "Tokenizers", "Losses", "Backbones", "Conditioners", "Datasets", "Metrics"],
    ["Laboratory"],
    ["Reports"],
    ["OvertoneCLI"],
    ["overtone"],
  ]
  private static let plugins = 5

  /// A target imports what Package.swift names as its dependency, nothing above it, and a plugin no plugin.
  static let imports = Rule("imports") { project in
    let declared = Manifest(project.manifest).dependencies
    let layer = Dictionary(
      uniqueKeysWithValues: layers.enumerated().flatMap { level, names in names.map { ($0, level) } })
    let unplaced = project.sources.filter { layer[$0.target] == nil }.map {
      Violation($0.path, 1, "'\($0.target)' stands in no layer; give it one in Rules/Imports.swift.")
    }
    return unplaced
      + project.sources.flatMap { file in
        file.imports.compactMap { module, line -> Violation? in
          guard let above = layer[module], let level = layer[file.target], module != file.target else { return nil }
          if above > level {
            return Violation(file.path, line, "'\(file.target)' imports '\(module)', which stands above it.")
          }
          if above == plugins && level == plugins {
            return Violation(file.path, line, "The plugin '\(file.target)' imports the plugin '\(module)'.")
          }
          if declared[file.target]?.contains(module) != true {
            return Violation(
              file.path, line,
              "'\(file.target)' imports '\(module)', which Package.swift does not name as its dependency.")
          }
          return nil
        }
      }
  }

  /// A library of others is imported by one target, which hides it from the rest.
  static let rooms: [String: String] = [
    "ArgumentParser": "OvertoneCLI", "CHDF5": "Storage", "CPNG": "Images", "CJPEG": "Images", "CFFTW": "Spectra",
    "CYAML": "Settings", "COpenBLAS": "Tensors", "CParts": "Autoregression",
    "CCrypto": "Files", "CZlib": "Files",
  ]

  static let libraryRooms = Rule(
    "rooms",
    everySource: { file in
      file.imports.compactMap { module, line in
        guard let room = rooms[module], room != file.target else { return nil }
        return Violation(file.path, line, "'\(module)' is imported outside '\(room)'; use what '\(room)' offers.")
      }
    })
}
