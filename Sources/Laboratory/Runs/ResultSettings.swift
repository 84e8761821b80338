/// The settings of a run that affect its results: all but the seed, names and folders, what is logged, and how often a
/// stage is saved or validated.
package struct ResultSettings: Hashable, Sendable {
  /// Values by path, as YAML writes them.
  package let values: [String: String]

  /// Keys of settings that change how a stage is made and what is logged of it, and not what it makes.
  static let cosmetic: Set<String> = [
    "save-every", "cache-latents", "memory", "validate-every", "validation-count",
  ]

  /// Keeps those of `all` that affect results.
  package init(_ all: [String: String]) { values = all.filter { Self.affectsResults($0.key) } }

  /// Returns false for the path of a setting that changes no result; seeds are what runs of one kind differ in.
  package static func affectsResults(_ path: String) -> Bool {
    if ["seed", "name", "results", "logging", "stages"].contains(path) { return false }
    return !cosmetic.contains(path.split(separator: ".").last.map(String.init) ?? path)
  }

  /// Returns the sorted paths of settings that are not equal everywhere in `all`. Where the component of a section
  /// (`use`) differs, the settings of the components are left out unless `isWhole`: they differ for that reason.
  package static func differing(_ all: [ResultSettings], isWhole: Bool = false) -> [String] {
    guard let first = all.first else { return [] }
    var paths: Set<String> = []
    for other in all.dropFirst() {
      for path in Set(first.values.keys).union(other.values.keys) where first.values[path] != other.values[path] {
        paths.insert(path)
      }
    }
    let sections = isWhole ? [] : paths.filter { $0.hasSuffix(".use") }.map { $0.dropLast("use".count) }
    return paths.filter { path in
      sections.allSatisfy { !path.hasPrefix($0) || path == "\($0)use" || path.hasPrefix("\($0)training.") }
    }.sorted()
  }

  /// "training.steps is 2000 there and 3000 here"; nil where there and here are equal.
  package static func difference(there: ResultSettings, here: ResultSettings) -> String? {
    let paths = differing([there, here])
    guard !paths.isEmpty else { return nil }
    // Three name what was changed; a component's defaults may be many.
    let named = paths.prefix(3).map { path in
      "\(path) is \(there.values[path] ?? "not set") there and \(here.values[path] ?? "not set") here"
    }
    return named.joined(separator: ", ") + (paths.count > 3 ? ", and \(paths.count - 3) more differ" : "")
  }
}
