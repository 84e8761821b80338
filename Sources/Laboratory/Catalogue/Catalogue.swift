import Autoregression
import Settings

/// All registered components with their settings, found by constructing each from its own example and its choices.
public struct Catalogue {
  /// A component with what was discovered of it.
  package struct Entry {
    let role: String, key: String, about: About, file: String
    let discovery: SettingsDiscovery
    /// The error of constructing the component's example; nil where it constructs.
    var failure: String? { discovery.failure }
    /// The settings that have a value; a mapping has none of its own.
    var settings: [SettingsDiscovery.Found] { discovery.found.filter { !$0.forms.isEmpty } }
  }
  /// The registry that was searched.
  let registry: Registry
  /// The components, role by role.
  let all: [Entry]

  /// Constructs every component of a registry many times, without storage for its weights.
  public init(_ registry: Registry) {
    self.registry = registry
    all = registry.entries.map { entry in
      Entry(
        role: entry.role, key: entry.key, about: entry.type.about, file: entry.file,
        discovery: SettingsDiscovery(
          entry.key, example: entry.type.about.example, attempts: ProbeContext.all.map { $0.attempt(entry.type) }))
    }
  }

  /// The components whose own example does not construct them, with the reason: "loss l2: …". Empty where all do.
  public var failures: [String] {
    all.compactMap { entry in entry.failure.map { "\(entry.role) \(entry.key): \($0)" } }
  }

  /// All roles and keys.
  package var names: [String] { Array(Set(all.map(\.role) + all.map(\.key))) }

  /// Returns the components of a role or a key; all where `name` is nil.
  package func entries(_ name: String?) -> [Entry] {
    name.map { name in all.filter { $0.role == name || $0.key == name } } ?? all
  }

  /// Returns the components of a role or a key, all where `name` is nil, as JSON or as text for people.
  package func text(_ name: String?, json: Bool) -> String {
    json ? JSON.list(entries(name).map(object)).lines : entries(name).map(paragraph).joined(separator: "\n\n")
  }

  /// Returns a component for people: its head, then a line for each setting.
  private func paragraph(_ entry: Entry) -> String {
    var lines = ["\(entry.role) \(entry.key)  (\(entry.file))", "  \(entry.about.summary)"]
    if let source = entry.about.source { lines.append("  Source: \(source)") }
    for setting in entry.settings {
      let kind = [setting.kind, setting.bounds].compactMap { $0 }.joined(separator: ", ")
      let fallback = setting.default ?? (setting.isRequired ? "(required)" : "(depends)")
      lines.append("    \(setting.path): \(fallback)   \(setting.about) (\(kind))")
    }
    if let failure = entry.failure { lines.append("  " + failure) }
    return lines.joined(separator: "\n")
  }

  /// Returns a component as a JSON object.
  private func object(_ entry: Entry) -> JSON {
    let settings = entry.settings.map { setting in
      JSON.object([
        ("key", .text(setting.path)), ("kind", .text(setting.kind)),
        ("default", setting.default.map(JSON.text) ?? .null), ("required", .bool(setting.isRequired)),
        ("range", setting.bounds.map(JSON.text) ?? .null), ("choices", .list(setting.choices.map(JSON.text))),
        ("about", .text(setting.about)),
      ])
    }
    return .object([
      ("role", .text(entry.role)), ("key", .text(entry.key)), ("summary", .text(entry.about.summary)),
      ("source", entry.about.source.map(JSON.text) ?? .null), ("file", .text(entry.file)),
      ("settings", .list(settings)),
    ])
  }
}
