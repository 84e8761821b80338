import Autoregression
import Settings

/// A JSON Schema (draft 2020-12) of experiment files, for completion and checks in editors.
///
/// A section with the key `use` has the settings of that component and no others. A section without it, which overrides
/// another by `extends`, a scale or a variant, may have those of any component of its role. Required settings and
/// combinations are left to `overtone validate`, since a file may be a part of an experiment.
package struct ExperimentSchema {
  private let catalogue: Catalogue
  private let root: RootSettings
  /// The roles of components, each with a section of its name.
  private let roles: [String]

  /// Discovers the settings of all components of a registry.
  package init(_ registry: Registry) {
    catalogue = Catalogue(registry)
    root = RootSettings(catalogue)
    roles = registry.roles
  }

  /// The schema as a JSON document.
  package var text: String { schema.block() + "\n" }

  /// The whole schema: the root mapping, and the definitions that it refers to.
  private var schema: JSON {
    .object(
      [
        ("$schema", .text("https://json-schema.org/draft/2020-12/schema")),
        ("title", .text("Overtone experiment")),
        ("description", .text("Made by 'overtone components --schema'; do not edit.")),
        ("type", .text("object")),
        ("properties", .object(sections.map { ($0.key, Self.link("parts", "properties/\($0.key)")) } + composition)),
        ("additionalProperties", .bool(false)),
        ("$defs", .object(definitions)),
      ])
  }

  // MARK: Sections

  /// The keys of the root mapping that hold settings.
  private var sections: [(key: String, schema: JSON)] {
    let top = root.discovery.found.filter { $0.section.isEmpty }
    return top.map { setting in
      let role = roles.first { $0 == setting.key || "\($0)s" == setting.key }
      guard let role else { return (setting.key, SettingSchema(setting, in: root.discovery.found).json) }
      let one = JSON.object([("$ref", .text("#/$defs/\(role)"))])
      guard setting.key != role else { return (role, one) }
      return (
        setting.key,
        .object([
          ("description", .text(setting.about)), ("type", .list([.text("array"), .text("string"), .text("null")])),
          ("items", one), ("pattern", .text(SettingSchema.reference)),
        ])
      )
    } + [
      (
        "bench",
        SettingSchema.mapping(
          "the case that 'overtone bench' times", SettingSchema.properties(of: root.bench.found, in: ""))
      )
    ]
  }

  /// Returns the settings of a component's section, without `use`.
  private func settings(of entry: Catalogue.Entry) -> [(String, JSON)] {
    let all = entry.discovery.found + root.extras(in: entry.role)
    return SettingSchema.properties(of: all, in: "")
  }

  /// Returns the schema of a section, whose other settings depend on the component that it names.
  private func choice(of role: String) -> JSON {
    let entries = catalogue.all.filter { $0.role == role }, keys = JSON.list(entries.map { .text($0.key) })
    func isNamed(_ value: JSON) -> JSON {
      .object([("properties", .object([("use", value)])), ("required", .list([.text("use")]))])
    }
    let cases = entries.map { entry in
      JSON.object([
        ("if", isNamed(.object([("const", .text(entry.key))]))), ("then", Self.link("\(role)-\(entry.key)")),
      ])
    }
    let about = root.discovery[role]?.about ?? root.discovery["\(role)s"]?.about ?? role
    let summaries = entries.map { "\($0.key): \($0.about.summary)" }.joined(separator: "\n")
    return .object([
      ("description", .text(about)), ("type", .list([.text("object"), .text("string")])),
      ("pattern", .text(SettingSchema.reference)),
      (
        "properties",
        .object([
          (
            "use",
            .object([
              ("description", .text(summaries)),
              ("anyOf", .list([.object([("enum", keys)]), Self.link("reference")])),
            ])
          )
        ])
      ),
      (
        "allOf",
        .list(cases + [.object([("if", isNamed(.object([("enum", keys)]))), ("else", Self.link("\(role)-any"))])])
      ),
    ])
  }

  /// Returns the schema of a section that names this component.
  private func definition(of entry: Catalogue.Entry) -> JSON {
    SettingSchema.mapping(
      [entry.about.summary, entry.about.source.map { "Source: \($0)" }].compactMap { $0 }.joined(separator: " "),
      [("use", .object([("const", .text(entry.key))]))] + settings(of: entry))
  }

  /// Returns the schema of a section that names no component: the settings of all components of a role.
  private func any(of role: String) -> JSON {
    let entries = catalogue.all.filter { $0.role == role }
    var owners: [(key: String, refs: [JSON])] = []
    for entry in entries {
      for (key, _) in settings(of: entry) {
        let ref = Self.link("\(role)-\(entry.key)", "properties/\(key)")
        if let index = owners.firstIndex(where: { $0.key == key }) {
          owners[index].refs.append(ref)
        } else {
          owners.append((key, [ref]))
        }
      }
    }
    let properties = owners.map { ($0.key, $0.refs.count == 1 ? $0.refs[0] : JSON.object([("anyOf", .list($0.refs))])) }
    return .object([
      ("type", .list([.text("object"), .text("string")])), ("properties", .object([("use", .bool(true))] + properties)),
      ("additionalProperties", .bool(false)),
    ])
  }

  // MARK: Paths

  /// The path of every setting, such as "training.steps", with its schema.
  private var paths: [(path: String, schema: JSON)] {
    var all: [(String, [JSON])] = []
    func add(_ path: String, _ schema: JSON) {
      if let index = all.firstIndex(where: { $0.0 == path }) {
        all[index].1.append(schema)
      } else {
        all.append((path, [schema]))
      }
    }
    for (key, _) in sections { add(key, Self.link("parts", "properties/\(key)")) }
    for setting in root.discovery.found where !setting.section.isEmpty && !setting.section.contains("[") {
      guard !roles.contains(String(setting.path.prefix { $0 != "." })) else { continue }
      add(setting.path, Self.link("parts", SettingSchema.pointer(to: setting.path, in: root.discovery.found)))
    }
    for role in roles where root.discovery[role] != nil {
      let entries = catalogue.all.filter { $0.role == role }
      add("\(role).use", .object([("enum", .list(entries.map { .text($0.key) }))]))
      for entry in entries {
        let found = entry.discovery.found + root.extras(in: role)
        for setting in found {
          add(
            "\(role).\(setting.path)",
            Self.link("\(role)-\(entry.key)", SettingSchema.pointer(to: setting.path, in: found)))
        }
      }
    }
    return all.map { ($0, SettingSchema.either($1)) }
  }

  /// The schemas under `$defs`: root settings, paths, components, scales and variants.
  private var definitions: [(String, JSON)] {
    let paths = paths
    let dotted = paths.filter { $0.path.contains(".") }
    let parts: [(String, JSON)] =
      [
        ("reference", .object([("type", .text("string")), ("pattern", .text(SettingSchema.reference))])),
        ("parts", .object([("properties", .object(sections.map { ($0.key, $0.schema) }))])),
        ("paths", .object([("properties", .object(dotted.map { ($0.path, $0.schema) }))])),
      ]
    let names = roles.flatMap { role in
      [(role, choice(of: role)), ("\(role)-any", any(of: role))]
        + catalogue.all.filter { $0.role == role }.map { ("\(role)-\($0.key)", definition(of: $0)) }
    }
    let plain = sections.map { ($0.key, Self.link("parts", "properties/\($0.key)")) }
    let linked = dotted.map { ($0.path, Self.link("paths", "properties/\($0.path)")) }
    let axes = paths.map { path, _ in
      (
        path,
        JSON.object([
          ("type", .text("array")), ("minItems", .number(1)),
          ("items", Self.link(path.contains(".") ? "paths" : "parts", "properties/\(path)")),
        ])
      )
    }
    return parts + names + [
      ("variant", SettingSchema.mapping("Settings of one variant.", plain + linked)),
      ("axes", SettingSchema.mapping("Settings by path, each with a list of values to try.", axes)),
      (
        "conditions",
        SettingSchema.mapping("Settings by path, each with one value.", paths.map { ($0.path, .bool(true)) })
      ),
      (
        "scale",
        SettingSchema.mapping(
          "Settings of one scale.", plain + composition.filter { !["extends", "scales"].contains($0.0) })
      ),
    ]
  }

  /// Returns a reference to a definition, or to a schema inside it.
  static func link(_ definition: String, _ inner: String? = nil) -> JSON {
    .object([("$ref", .text("#/$defs/\(definition)" + (inner.map { "/\($0)" } ?? "")))])
  }
}
