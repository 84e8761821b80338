import Autoregression
import Settings

/// A JSON Schema (draft 2020-12) of experiment files, for editors: which keys there are, what they take, and what
/// components a file can name.
///
/// A section that says `use` has the settings of that component and no others. One that does not (it is put over
/// another, by `extends`, a scale or a variant) may have those of any component of its role. What must be said and
/// what goes with what is left to `overtone validate`, since a file may be a part of an experiment.
package struct ExperimentSchema {
  private let catalogue: Catalogue
  private let frame: RootSettings
  private let roles: [String]

  package init(_ registry: Registry) {
    catalogue = Catalogue(registry)
    frame = RootSettings(catalogue)
    roles = registry.roles
  }

  package var text: String { schema.block() + "\n" }

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

  /// The keys at the top that settings stand under.
  private var sections: [(key: String, schema: JSON)] {
    let top = frame.survey.found.filter { $0.section.isEmpty }
    return top.map { setting in
      let role = roles.first { $0 == setting.key || "\($0)s" == setting.key }
      guard let role else { return (setting.key, SettingSchema(setting, in: frame.survey.found).json) }
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
        SettingSchema.mapping("what 'overtone bench' times", SettingSchema.properties(of: frame.bench.found, in: ""))
      )
    ]
  }

  /// What a component's section takes, `use` left out.
  private func settings(of entry: Catalogue.Entry) -> [(String, JSON)] {
    let all = entry.survey.found + frame.extras(in: entry.role)
    return SettingSchema.properties(of: all, in: "")
  }

  /// Which component a section names decides what else it takes.
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
    let about = frame.survey[role]?.about ?? frame.survey["\(role)s"]?.about ?? role
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

  private func definition(of entry: Catalogue.Entry) -> JSON {
    SettingSchema.mapping(
      [entry.about.summary, entry.about.source.map { "Source: \($0)" }].compactMap { $0 }.joined(separator: " "),
      [("use", .object([("const", .text(entry.key))]))] + settings(of: entry))
  }

  /// The settings of all components of a role.
  private func any(of role: String) -> JSON {
    let entries = catalogue.all.filter { $0.role == role }
    var owners: [(key: String, refs: [JSON])] = []
    for entry in entries {
      for (key, _) in settings(of: entry) {
        let ref = Self.link("\(role)-\(entry.key)", "properties/\(key)")
        if let known = owners.firstIndex(where: { $0.key == key }) {
          owners[known].refs.append(ref)
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

  /// "training.steps" and every other path of a setting, with what stands there.
  private var paths: [(path: String, schema: JSON)] {
    var all: [(String, [JSON])] = []
    func add(_ path: String, _ schema: JSON) {
      if let known = all.firstIndex(where: { $0.0 == path }) {
        all[known].1.append(schema)
      } else {
        all.append((path, [schema]))
      }
    }
    for (key, _) in sections { add(key, Self.link("parts", "properties/\(key)")) }
    for setting in frame.survey.found where !setting.section.isEmpty && !setting.section.contains("[") {
      guard !roles.contains(String(setting.path.prefix { $0 != "." })) else { continue }
      add(setting.path, Self.link("parts", SettingSchema.pointer(to: setting.path, in: frame.survey.found)))
    }
    for role in roles where frame.survey[role] != nil {
      let entries = catalogue.all.filter { $0.role == role }
      add("\(role).use", .object([("enum", .list(entries.map { .text($0.key) }))]))
      for entry in entries {
        let found = entry.survey.found + frame.extras(in: role)
        for setting in found {
          add(
            "\(role).\(setting.path)",
            Self.link("\(role)-\(entry.key)", SettingSchema.pointer(to: setting.path, in: found)))
        }
      }
    }
    return all.map { ($0, SettingSchema.either($1)) }
  }

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
      ("variant", SettingSchema.mapping("What one variant sets.", plain + linked)),
      ("axes", SettingSchema.mapping("Settings by path, each with a list of values to try.", axes)),
      (
        "conditions",
        SettingSchema.mapping("Settings by path, each with one value.", paths.map { ($0.path, .bool(true)) })
      ),
      (
        "scale",
        SettingSchema.mapping(
          "What one scale puts over the rest.", plain + composition.filter { !["extends", "scales"].contains($0.0) })
      ),
    ]
  }

  private static func link(_ definition: String, _ inner: String? = nil) -> JSON {
    .object([("$ref", .text("#/$defs/\(definition)" + (inner.map { "/\($0)" } ?? "")))])
  }

  // MARK: Composition

  /// The keys that make several experiments of one file, and one of several files.
  private var composition: [(String, JSON)] {
    func mapping(_ about: String, of values: JSON) -> JSON {
      .object([
        ("description", .text(about)), ("type", .list([.text("object"), .text("null")])),
        ("additionalProperties", values),
      ])
    }
    func some(_ about: String) -> JSON {
      let text = JSON.object([("type", .text("string"))])
      return .object([
        ("description", .text(about)), ("type", .list([.text("string"), .text("array"), .text("null")])),
        ("items", text),
      ])
    }
    let about = "several experiments of one file: every variant with every combination of the lists"
    return [
      ("extends", some("the file that this one is put over, or a list of them, from here")),
      ("scales", mapping("what --scale NAME puts over the rest", of: Self.link("scale"))),
      (
        "scale",
        .object([
          ("description", .text("the scale that is meant when none is asked for; in a scale, the one it builds on")),
          ("type", .text("string")),
        ])
      ),
      ("define", mapping("values by name, which are there to be referred to: ${define.NAME}", of: .bool(true))),
      (
        "sweep",
        SettingSchema.mapping(
          about,
          [
            ("variants", mapping("variants by name", of: Self.link("variant"))),
            ("grid", Self.link("axes")), ("zip", Self.link("axes")),
            (
              "exclude",
              .object([
                ("description", .text("combinations to leave out")), ("type", .text("array")),
                ("items", Self.link("conditions")),
              ])
            ),
          ])
      ),
      (
        "seeds",
        .object([
          ("description", .text("every variant with each of these seeds")),
          ("type", .list([.text("array"), .text("null")])), ("minItems", .number(1)),
          ("items", Self.link("parts", "properties/seed")),
        ])
      ),
      ("expect", some("what the result should show: \"psnr: full > band\", or \"psnr: full in [20, 25]\"")),
    ]
  }
}
