import Autoregression
import Networks
import Settings

/// The settings of an experiment file outside its components: those that the laboratory itself reads.
struct RootSettings {
  /// All settings that assembling reads, for one choice of components.
  let discovery: SettingsDiscovery
  /// Returns true for the path of a component's own setting, and for that of its name.
  private let isOfComponent: (String) -> Bool
  /// The section `bench`.
  let bench: SettingsDiscovery

  /// Assembles the first components whose examples work together; which they are does not matter.
  init(_ catalogue: Catalogue) {
    func isOfComponent(_ path: String) -> Bool {
      let keys = path.split(separator: ".", maxSplits: 1).map(String.init)
      guard keys.count == 2 else { return false }
      return path.contains("[") || keys[1] == "use"
        || catalogue.all.contains { $0.role == keys[0] && $0.discovery[keys[1]] != nil }
    }
    self.isOfComponent = isOfComponent
    let registry = catalogue.registry
    let attempt: SettingsDiscovery.Attempt = { settings throws in
      _ = try Assembly(settings, name: "experiment", registry: registry)
    }
    var examples = [""]
    for role in registry.roles {
      let sections = catalogue.entries(role).filter { $0.role == role }.map { Self.section($0) }
      examples = examples.flatMap { text in sections.map { text + $0 } }
    }
    let example = examples.lazy.filter { text in
      guard let settings = try? Settings(parsing: text, file: "experiment") else { return false }
      return (try? withoutStorage { try Assembly(settings, name: "experiment", registry: registry) }) != nil
    }.first
    discovery = SettingsDiscovery("experiment", whole: example ?? "", excluding: isOfComponent, attempt)
    bench = SettingsDiscovery(
      "bench", example: "", attempts: [{ settings throws in _ = try BenchConfiguration(&settings) }])
  }

  /// Returns a section with the component's example on one line: "loss: {use: l2}".
  private static func section(_ entry: Catalogue.Entry) -> String {
    let example = entry.about.example.split(separator: "\n").map { ", \($0)" }.joined()
    let mapping = "{use: \(entry.key)\(example)}"
    return entry.role == "metric" ? "metrics: [\(mapping)]\n" : "\(entry.role): \(mapping)\n"
  }

  /// Returns the settings in a component's section that are not the component's: `tokenizer.training`.
  func extras(in role: String) -> [SettingsDiscovery.Found] {
    discovery.found.filter { $0.path.hasPrefix("\(role).") && !isOfComponent($0.path) }.map { setting in
      var inner = setting
      inner.section = setting.section.split(separator: ".").dropFirst().joined(separator: ".")
      return inner
    }
  }
}
