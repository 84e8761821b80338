import Networks
import Settings

/// All settings that an initialiser reads, including those that it reads only for certain values of others.
///
/// A filter has an order only if it is of one kind. So the initialiser is run again and again: on its example, on the
/// example without one of its lines, with each choice of each setting that has choices, and with a list and a mapping
/// in place of each value. The reads of all attempts are joined.
struct SettingsDiscovery {
  /// One setting, joined from all attempts.
  struct Found {
    /// The path of its mapping: "training"; empty at the top.
    var section: String
    let key: String
    var about: String
    /// Accepted values, with bounds: several where a list or a name is accepted, too.
    var forms: [(form: Form, kind: String, bounds: String?)] = []
    /// True where it may be a mapping of settings of its own.
    var isSection = false
    var isRequired = false
    var isNullable = false
    /// As written in a file; nil where there is none.
    fileprivate var fallback: String?
    /// True where the default depends on other settings or on other components.
    fileprivate var varies = false
    /// Settings that were changed from the example in the attempt that gave the default.
    fileprivate var changes = 0

    /// The default as written in a file; nil where there is none, or where it depends on other components.
    var `default`: String? { isRequired || varies ? nil : fallback }
    var path: String { section.isEmpty ? key : "\(section).\(key)" }
    /// "one of linear, cosine or a list, each a number"
    var kind: String { forms.map(\.kind).joined(separator: " or ") }
    var bounds: String? { forms.lazy.compactMap(\.bounds).first }
    var choices: [String] {
      for case .choice(let choices) in forms.map(\.form) { return choices }
      return forms.contains { $0.form == .flag } ? Bool.choices : []
    }
  }

  /// An initialiser with its other arguments.
  typealias Attempt = (inout Settings) throws -> Void

  /// In the order of discovery.
  private(set) var found: [Found] = []
  /// The error of the example where every attempt fails; nil where one succeeds.
  private(set) var failure: String?

  private let name: String
  private let attempts: [Attempt]
  /// Paths of the settings that were varied.
  private var probed: Set<String> = []

  /// The most settings that are changed from the example at once.
  private static let depth = 3

  /// `example` is YAML that at least one of `attempts` reads without an error.
  init(_ name: String, example: String, attempts: [Attempt]) {
    self.name = name
    self.attempts = attempts
    var failures: [String] = []
    for attempt in attempts {
      if let failure = learn(from: example, [], by: attempt) { failures.append(failure) }
    }
    failure = failures.count == attempts.count ? failures.first : nil
    let lines = example.split(separator: "\n")
    for line in lines {
      visit(lines.filter { $0 != line }.joined(separator: "\n"), [])
    }
    probe(example, [])
  }

  /// Discovers the settings of a whole file: no line is left out of it, and the settings that `isKnown` names are not
  /// varied.
  init(_ name: String, whole example: String, excluding isKnown: (String) -> Bool, _ attempt: @escaping Attempt) {
    self.name = name
    attempts = [attempt]
    failure = learn(from: example, [], by: attempt)
    probed = Set(found.map(\.path).filter(isKnown))
    probe(example, [])
  }

  /// Returns the setting at a path; nil where no attempt reads it.
  subscript(path: String) -> Found? { found.first { $0.path == path } }

  /// Runs all attempts, whether or not they fail.
  private mutating func visit(_ text: String, _ overrides: [String]) {
    for attempt in attempts { _ = learn(from: text, overrides, by: attempt) }
  }

  /// Varies each setting that was not varied yet.
  private mutating func probe(_ example: String, _ overrides: [String]) {
    let fresh = found.filter { !probed.contains($0.path) }
    probed.formUnion(fresh.map(\.path))
    guard overrides.count < Self.depth else { return }
    for setting in fresh where !setting.forms.isEmpty {
      for value in setting.choices + ["[]", "{}"] {
        let more = overrides + ["\(setting.path)=\(value)"]
        visit(example, more)
        probe(example, more)
      }
    }
  }

  /// Runs one attempt and joins its reads; returns its error.
  private mutating func learn(from text: String, _ overrides: [String], by attempt: Attempt) -> String? {
    do {
      var settings = try Settings(parsing: text.isEmpty ? "{}" : text, file: name, overrides: overrides)
      defer { for (section, reading) in settings.reads { join(section, reading, changes: overrides.count) } }
      try withoutStorage { try attempt(&settings) }
      try settings.finish()
      return nil
    } catch { return "\(error)" }
  }

  /// `changes` counts the settings that differ from the example.
  private mutating func join(_ section: String, _ reading: Reading, changes: Int) {
    let index =
      found.firstIndex { $0.key == reading.key && $0.section == section }
      ?? {
        found.append(Found(section: section, key: reading.key, about: reading.about))
        return found.count - 1
      }()
    guard let form = reading.form else {
      found[index].isSection = true
      return
    }
    if let same = found[index].forms.firstIndex(where: { $0.form == form }) {
      if found[index].forms[same].bounds == nil { found[index].forms[same].bounds = reading.bounds }
    } else {
      found[index].forms.append((form, reading.kind, reading.bounds))
    }
    found[index].isRequired = found[index].isRequired || reading.isRequired
    found[index].isNullable = found[index].isNullable || reading.isNullable
    // A value from the file is not a default.
    guard reading.location == nil, !reading.isRequired, let yaml = reading.yaml else { return }
    // The default is that of the fewest changes.
    if found[index].fallback == nil || changes < found[index].changes {
      (found[index].fallback, found[index].changes, found[index].varies) = (yaml, changes, false)
    } else if changes == found[index].changes, found[index].fallback != yaml {
      found[index].varies = true
    }
  }
}
