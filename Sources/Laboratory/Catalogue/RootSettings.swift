import Autoregression
import Networks
import Settings

/// What an experiment file has around its components: the settings that the laboratory itself reads.
struct RootSettings {
  /// Everything that assembling reads, of one choice of components.
  let survey: SettingsDiscovery
  /// Whether a path is that of a component's own setting, or names the component.
  private let isOfComponent: (String) -> Bool
  /// The section `bench`.
  let bench: SettingsDiscovery

  /// Takes the first components whose examples work together; which they are does not matter.
  init(_ catalogue: Catalogue) {
    func isOfComponent(_ path: String) -> Bool {
      let keys = path.split(separator: ".", maxSplits: 1).map(String.init)
      guard keys.count == 2 else { return false }
      return path.contains("[") || keys[1] == "use"
        || catalogue.all.contains { $0.role == keys[0] && $0.survey[keys[1]] != nil }
    }
    self.isOfComponent = isOfComponent
    let registry = catalogue.registry
    let attempt: SettingsDiscovery.Attempt = { settings throws in
      _ = try Assembly(settings, name: "experiment", registry: registry)
    }
    var examples = [""]
    for role in registry.roles {
      let mine = catalogue.entries(role).filter { $0.role == role }.map { Self.section($0) }
      examples = examples.flatMap { text in mine.map { text + $0 } }
    }
    let example = examples.lazy.filter { text in
      guard let settings = try? Settings(parsing: text, file: "experiment") else { return false }
      return (try? withoutStorage { try Assembly(settings, name: "experiment", registry: registry) }) != nil
    }.first
    survey = SettingsDiscovery("experiment", whole: example ?? "", knowing: isOfComponent, attempt)
    bench = SettingsDiscovery(
      "bench", example: "", attempts: [{ settings throws in _ = try BenchConfiguration(&settings) }])
  }

  /// "loss: {use: l2}" with the component's example inside, in one line.
  private static func section(_ entry: Catalogue.Entry) -> String {
    let example = entry.about.example.split(separator: "\n").map { ", \($0)" }.joined()
    let mapping = "{use: \(entry.key)\(example)}"
    return entry.role == "metric" ? "metrics: [\(mapping)]\n" : "\(entry.role): \(mapping)\n"
  }

  /// What the frame reads of a component's section beside the component: `tokenizer.training`.
  func extras(in role: String) -> [SettingsDiscovery.Found] {
    survey.found.filter { $0.path.hasPrefix("\(role).") && !isOfComponent($0.path) }.map { setting in
      var inner = setting
      inner.section = setting.section.split(separator: ".").dropFirst().joined(separator: ".")
      return inner
    }
  }
}
