/// A mapping of an experiment file, read key by key.
///
/// Every read is recorded with its default, so that the file can be written out as it was understood, and a key that
/// is never read is an error. Sections record their reads with the mapping they come from.
public struct Settings: Sendable {
  private let entries: [YAMLNode.Entry]
  private let origin: FileLocation
  /// "direction.mask"; empty at the top.
  public let path: String
  private let record: Record
  private var affectsTraining = true

  /// Reads a file with the files it extends, at one of its scales, then puts overrides ("training.steps=100") over it.
  public init(file path: String, scale: String? = nil, overrides: [String] = []) throws(SettingsError) {
    let composition = Composition { (path) throws(SettingsError) in try Settings.bytes(of: path) }
    try self.init(try composition.tree(of: path, scale: scale), overrides)
  }

  /// Reads the text of a file, whose `extends` and `scales` are not followed; `file` is its name in messages.
  public init(parsing text: String, file: String, overrides: [String] = []) throws(SettingsError) {
    try self.init(try YAMLReader.tree(of: text, file: file), overrides)
  }

  init(_ tree: YAMLNode, _ overrides: [String]) throws(SettingsError) {
    // The order of composition: the tree of the files and the scale, then the overrides as they are given, then the
    // references, so that a reference sees what an override has set.
    var root = tree
    for override in overrides { root = try Override(override).applied(to: root) }
    root = try References(root: root).resolved()
    guard case .mapping(let entries) = root.content else {
      throw .malformed(root.location, why: "an experiment is a mapping of keys to values, not \(root.spoken).")
    }
    // What is only there to be referred to has been put in place.
    self.init(entries.filter { $0.key != "define" }, at: root.location, path: "", record: Record())
  }

  /// No keys at all: every setting has its default.
  public static func empty(_ name: String) -> Settings {
    Settings([], at: FileLocation(file: name, line: 0, column: 0, source: nil), path: "", record: Record())
  }

  private init(
    _ entries: [YAMLNode.Entry], at origin: FileLocation, path: String, record: Record, affectsTraining: Bool = true
  ) {
    self.affectsTraining = affectsTraining
    self.entries = entries
    self.origin = origin
    self.path = path
    self.record = record
    record.open(self.path, entries.map { ($0.key, $0.location) })
  }

  // MARK: Reading

  /// This mapping, for reading settings that only affect generation: `var sampled = settings.generationOnly`.
  ///
  /// A change of such a setting trains nothing again. A key that is also read outside shapes training after all.
  public var generationOnly: Settings {
    var copy = self
    copy.affectsTraining = false
    return copy
  }

  /// Notes that a setting affects training after all, although it was read by way of `generationOnly`.
  ///
  /// For settings whose part in training depends on others: the mask schedule, for example, affects training only if
  /// mask ratios are drawn by it. The setting must have been read.
  public func markAffectsTraining(_ key: String) { record.markAffectsTraining(path, key) }

  /// A setting that has a default.
  public subscript<Value: Setting>(key: String, default fallback: Value, about about: String) -> Value {
    mutating get throws(SettingsError) { try value(key, about, nil) ?? noteDefault(fallback, key: key, about: about) }
  }

  /// A setting that has a default and a closed range; throws `SettingsError.outside` beyond it.
  public subscript<Value: Setting & Comparable>(
    key: String, default fallback: Value, in range: ClosedRange<Value>, about about: String
  ) -> Value {
    mutating get throws(SettingsError) {
      let bounds = "\(range.lowerBound.yaml) to \(range.upperBound.yaml)"
      guard let value: Value = try value(key, about, bounds) else {
        return noteDefault(fallback, key: key, about: about, bounds: bounds)
      }
      guard range.contains(value) else {
        throw .outside(
          key: key, location(of: key), found: value.yaml, lowest: range.lowerBound.yaml, highest: range.upperBound.yaml)
      }
      return value
    }
  }

  /// A setting that must be there; throws `SettingsError.missing` where it is not.
  public subscript<Value: Setting>(required key: String, about about: String) -> Value {
    mutating get throws(SettingsError) {
      guard let value: Value = try value(key, about, nil) else {
        // The list of settings holds this one, too.
        note(
          Reading(
            key: key, kind: Value.kind, about: about, choices: Value.choices, form: Value.form, isRequired: true,
            yaml: "", location: nil))
        throw .missing(key: key, origin)
      }
      return value
    }
  }

  /// A setting that may be left out or be null.
  public subscript<Value: Setting>(optional key: String, about about: String) -> Value? {
    mutating get throws(SettingsError) {
      if let entry = entry(key), entry.value.isNull {
        note(nothing(Value.self, key: key, about: about, location: entry.location))
        return nil
      }
      let found: Value? = try value(key, about, nil)
      if found == nil { note(nothing(Value.self, key: key, about: about, location: nil)) }
      return found
    }
  }

  /// A mapping inside; where there is none, an empty one.
  public mutating func section(_ key: String, about: String) throws(SettingsError) -> Settings {
    let inner = path.isEmpty ? key : "\(path).\(key)"
    note(Reading(key: key, kind: "a mapping", about: about, section: inner, location: entry(key)?.location))
    guard let entry = entry(key), !entry.value.isNull else {
      return Settings([], at: origin, path: inner, record: record, affectsTraining: affectsTraining)
    }
    guard case .mapping(let entries) = entry.value.content else {
      throw .wrongKind(key: key, entry.value.location, found: entry.value.spoken, wanted: "a mapping", near: nil)
    }
    return Settings(entries, at: entry.location, path: inner, record: record, affectsTraining: affectsTraining)
  }

  /// A list of mappings inside; where there is none, an empty one.
  public mutating func sections(_ key: String, about: String) throws(SettingsError) -> [Settings] {
    guard let entry = entry(key), !entry.value.isNull else {
      note(Reading(key: key, kind: "a list of mappings", about: about, yaml: "[]", location: nil))
      return []
    }
    guard case .list(let items) = entry.value.content else {
      throw .wrongKind(
        key: key, entry.value.location, found: entry.value.spoken, wanted: "a list of mappings", near: nil)
    }
    var all: [Settings] = []
    let names = items.indices.map { (path.isEmpty ? key : "\(path).\(key)") + "[\($0)]" }
    note(Reading(key: key, kind: "a list of mappings", about: about, sections: names, location: entry.location))
    for (item, name) in zip(items, names) {
      guard case .mapping(let entries) = item.content else {
        throw .wrongKind(key: key, item.location, found: item.spoken, wanted: "a list of mappings", near: nil)
      }
      all.append(
        Settings(entries, at: item.location, path: name, record: record, affectsTraining: affectsTraining))
    }
    return all
  }

  /// True if the file or an override sets the key, be it to null.
  public func has(_ key: String) -> Bool { entry(key) != nil }

  /// True if the key is set to a mapping, for settings that take a scalar or a section.
  public func isMapping(_ key: String) -> Bool {
    if case .mapping = entry(key)?.value.content { return true }
    return false
  }

  /// True if the key is set to a list.
  public func isList(_ key: String) -> Bool {
    if case .list = entry(key)?.value.content { return true }
    return false
  }

  /// The keys of this mapping in the order of the file.
  public var keys: [String] { entries.map(\.key) }

  /// All values of the file and the overrides in one line, equal for equal experiments.
  var identity: String {
    func said(_ node: YAMLNode) -> String {
      switch node.content {
      case .scalar(let text, let isPlain): isPlain ? text : "'\(text)'"
      case .list(let items): "[" + items.map(said).joined(separator: ",") + "]"
      case .mapping(let entries):
        "{" + entries.map { "\($0.key):\(said($0.value))" }.sorted().joined(separator: ",") + "}"
      }
    }
    return entries.map { "\($0.key):\(said($0.value))" }.sorted().joined(separator: ",")
  }

  // MARK: Refusing

  /// Refuses the former name of a key with a message that names the present one.
  ///
  /// Stands before the read of the present key: `try settings.renamed("grounds", to: "backgrounds")`. Former names are
  /// not recorded as reads, so schemas and lists of settings do not show them. Choices are renamed by
  /// `Setting.renamedChoices`.
  public func renamed(_ old: String, to new: String) throws(SettingsError) {
    if let entry = entry(old) { throw .renamed(old, of: nil, entry.location, to: new) }
  }

  /// The error of a component that cannot work with what it was given; at the key's location where that is set.
  public func refusal(_ why: String, at key: String? = nil) -> SettingsError {
    .unsuitable(key.flatMap { entry($0)?.location } ?? origin, why: why)
  }

  /// Every key of the file must have been read by now.
  public func finish() throws(SettingsError) {
    if let unread = record.firstUnread {
      throw .unknown(key: unread.key, unread.location, section: unread.section, known: unread.known)
    }
  }

  // MARK: What was read

  /// Everything read so far as YAML that reads back the same, defaults included; with the origin of each value beside.
  public func resolved(origins: Bool) -> String { record.text(origins: origins) }

  /// Everything read so far, in order, with the path of the section.
  public var reads: [(section: String, reading: Reading)] { record.all }

  /// Every value read so far by its path: "training.steps" is "100".
  public var values: [String: String] {
    var all: [String: String] = [:]
    for (section, reading) in record.all {
      if let yaml = reading.yaml { all[section.isEmpty ? reading.key : "\(section).\(reading.key)"] = yaml }
    }
    return all
  }

  private func note(_ reading: Reading) { record.note(path, reading, affectsTraining: affectsTraining) }

  private func entry(_ key: String) -> YAMLNode.Entry? { entries.first { $0.key == key } }

  private func location(of key: String) -> FileLocation { entry(key)?.value.location ?? origin }

  private func value<Value: Setting>(_ key: String, _ about: String, _ bounds: String?) throws(SettingsError) -> Value?
  {
    guard let entry = entry(key) else { return nil }
    guard let value = Value(SettingValue(node: entry.value)) else {
      note(
        Reading(
          key: key, kind: Value.kind, about: about, bounds: bounds, choices: Value.choices, form: Value.form, yaml: "",
          location: entry.location))
      try refuseFormerChoice(entry, Value.renamedChoices)
      var near: String?
      if case .scalar(let text, _) = entry.value.content { near = nearest(text, among: Value.choices) }
      throw .wrongKind(key: key, entry.value.location, found: entry.value.spoken, wanted: Value.kind, near: near)
    }
    // Within bounds the range refuses it, and says the bounds.
    guard value.isFinite || bounds != nil else {
      throw .notFinite(key: key, entry.value.location, found: value.yaml)
    }
    note(
      Reading(
        key: key, kind: Value.kind, about: about, bounds: bounds, choices: Value.choices, form: Value.form,
        yaml: value.yaml,
        location: entry.location))
    return value
  }

  /// Throws where a value, or an item of a list, is the former name of a choice.
  private func refuseFormerChoice(_ entry: YAMLNode.Entry, _ renamed: [String: String]) throws(SettingsError) {
    guard !renamed.isEmpty else { return }
    let values = if case .list(let items) = entry.value.content { items } else { [entry.value] }
    for value in values {
      guard case .scalar(let text, _) = value.content, let new = renamed[text] else { continue }
      throw .renamed(text, of: entry.key, value.location, to: new)
    }
  }

  /// The reading of a setting that is left out or null.
  private func nothing<Value: Setting>(_: Value.Type, key: String, about: String, location: FileLocation?) -> Reading {
    Reading(
      key: key, kind: Value.kind, about: about, choices: Value.choices, form: Value.form, isNullable: true,
      yaml: "null", location: location)
  }

  /// Notes that a setting has its default, and returns the default.
  private func noteDefault<Value: Setting>(
    _ fallback: Value, key: String, about: String, bounds: String? = nil
  ) -> Value {
    note(
      Reading(
        key: key, kind: Value.kind, about: about, bounds: bounds, choices: Value.choices, form: Value.form,
        yaml: fallback.yaml,
        location: nil))
    return fallback
  }
}
