import Settings

/// The JSON Schema of one setting.
struct SettingSchema {
  /// The pattern of a reference such as `${training.steps}`, which any value may be.
  static let reference = #"\$\{[^}]+\}"#

  /// The schema with the description and the default of the setting.
  let json: JSON

  /// `all` holds the settings of the mapping that it may be.
  init(_ setting: SettingsDiscovery.Found, in all: [SettingsDiscovery.Found]) {
    var options = setting.forms.map { Self.schema(of: $0.form, $0.bounds, isNullable: setting.isNullable) }
    if setting.isSection {
      options.append(Self.mapping(nil, Self.properties(of: all, in: setting.path)))
    }
    guard case .object(let fields) = Self.either(options) else { preconditionFailure("a schema is an object") }
    var about: [(String, JSON)] = [("description", .text(setting.about))]
    if let fallback = setting.default, let value = JSON(yaml: fallback) { about.append(("default", value)) }
    json = .object(about + fields)
  }

  /// Returns the schemas of all settings of one mapping, by key.
  static func properties(of all: [SettingsDiscovery.Found], in section: String) -> [(String, JSON)] {
    all.filter { $0.section == section }.map { ($0.key, SettingSchema($0, in: all).json) }
  }

  /// Returns the JSON pointer from the schema of a mapping to that of an inner setting:
  /// "properties/mask/properties/least".
  static func pointer(to path: String, in all: [SettingsDiscovery.Found]) -> String {
    var steps: [String] = [], prefix = ""
    for key in path.split(separator: ".") {
      prefix += prefix.isEmpty ? "\(key)" : ".\(key)"
      steps.append("properties/\(key)")
      // Where values and mappings are accepted, the mapping is the last option.
      if prefix != path, let setting = all.first(where: { $0.path == prefix }), !setting.forms.isEmpty {
        steps.append("anyOf/\(setting.forms.count)")
      }
    }
    return steps.joined(separator: "/")
  }

  /// Returns the schema of a mapping of these keys and no others.
  static func mapping(_ about: String?, _ properties: [(String, JSON)]) -> JSON {
    .object(
      (about.map { [("description", .text($0))] } ?? []) + [
        ("type", .list([.text("object"), .text("string"), .text("null")])), ("pattern", .text(reference)),
        ("properties", .object(properties)), ("additionalProperties", .bool(false)),
      ])
  }

  /// Returns a schema that accepts what any of the options accepts.
  static func either(_ options: [JSON]) -> JSON {
    options.count == 1 ? options[0] : options.isEmpty ? .object([]) : .object([("anyOf", .list(options))])
  }

  /// Returns the schema of one form of values; `bounds` are those of numbers.
  private static func schema(of form: Form, _ bounds: String?, isNullable: Bool) -> JSON {
    func typed(_ name: String, _ more: [(String, JSON)] = []) -> JSON {
      let types = [name, "string"] + (isNullable ? ["null"] : [])
      return .object([("type", .list(types.map(JSON.text)))] + more + [("pattern", .text(reference))])
    }
    switch form {
    case .anything: return .object([])
    case .text: return .object([("type", isNullable ? .list([.text("string"), .text("null")]) : .text("string"))])
    case .whole: return typed("integer", limits(bounds))
    case .number: return typed("number", limits(bounds))
    case .flag: return typed("boolean")
    case .choice(let choices):
      let named = JSON.object([("enum", .list(choices.map(JSON.text) + (isNullable ? [.null] : [])))])
      return either([named, .object([("$ref", .text("#/$defs/reference"))])])
    case .list(let element): return typed("array", [("items", schema(of: element, nil, isNullable: false))])
    case .either(let forms): return either(forms.map { schema(of: $0, bounds, isNullable: isNullable) })
    }
  }

  /// Returns the limits of bounds such as "1 to 64".
  private static func limits(_ bounds: String?) -> [(String, JSON)] {
    guard let bounds, let gap = bounds.range(of: " to "), let least = Double(bounds[..<gap.lowerBound]),
      let most = Double(bounds[gap.upperBound...])
    else { return [] }
    return [("minimum", .number(least)), ("maximum", .number(most))]
  }
}

extension JSON {
  /// A YAML value as it stands in a file; nil where JSON has no such value.
  init?(yaml: String) {
    guard let root = try? YAMLReader.tree(of: "value: " + yaml, file: "default"),
      case .mapping(let entries) = root.content, let value = entries.first?.value
    else { return nil }
    self.init(value)
  }

  /// A parsed YAML value; nil where JSON has no such value.
  init?(_ node: YAMLNode) {
    if node.isNull {
      self = .null
      return
    }
    switch node.content {
    case .scalar(let text, let isPlain):
      guard isPlain else {
        self = .text(text)
        return
      }
      if text == "true" || text == "false" {
        self = .bool(text == "true")
      } else if let number = Double(text), number.isFinite {
        self = .number(number)
      } else {
        self = .text(text)
      }
    case .list(let items): self = .list(items.compactMap(JSON.init))
    case .mapping(let entries):
      self = .object(entries.compactMap { entry in JSON(entry.value).map { (entry.key, $0) } })
    }
  }
}
