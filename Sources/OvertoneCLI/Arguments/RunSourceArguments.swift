import ArgumentParser
import Laboratory
import Settings

/// Runs by folder or experiment file, for commands that read results.
struct RunSourceArguments: ParsableArguments {
  @Argument(help: "Run folders, folders of runs, or an experiment file.") var sources: [String]
  @Option(help: "A variant of an experiment file, as name or name/seed; repeatable, all by default.")
  var variant: [String] = []
  @Option(help: "The scale at which an experiment file was run.") var scale: String?
  @Option(help: "The results folder of experiment files, if not that of the file.") var results: String?

  /// The runs of each source. Words after an experiment file that are no path are its variants, and key=value its
  /// overrides.
  func opened() throws -> [RunSource] {
    var named: [(path: String, variants: [String], overrides: [String])] = []
    for word in sources {
      let isSettled = word.hasSuffix(".yaml") || word.hasSuffix(".yml") || Folder.exists(word)
      if !isSettled, let last = named.indices.last, named[last].path.hasSuffix("ml") {
        if word.contains("="), !word.contains(","),
          word.split(separator: "=")[0].contains(".") || word.hasPrefix("results=")
        {
          named[last].overrides.append(word)
        } else {
          named[last].variants.append(word)
        }
      } else {
        named.append((word, [], []))
      }
    }
    return try named.map {
      try RunSource(
        $0.path, variants: $0.variants + variant, scale: scale,
        overrides: $0.overrides + (results.map { ["results=\($0.yaml)"] } ?? []))
    }
  }
}
