import Networks
import Settings

/// Every setting that something reads, those included that are read only where another says so.
///
/// What a reader asks for hangs on what it is told: a filter has an order only if it is of one kind. So it is made to
/// read again and again: as its example says, without each line of it, with each choice of each setting that has
/// choices, and with a list and a mapping in the place of each value. What all of that reads is joined.
struct SettingsDiscovery {
  /// One setting, with all that was learned of it.
  struct Found {
    /// The mapping it stands in: "training"; empty at the top.
    var section: String
    let key: String
    var about: String
    /// What it may be, with bounds: several where a list or a name will do.
    var forms: [(form: Form, kind: String, bounds: String?)] = []
    /// Whether it may be a mapping, of settings of its own.
    var isSection = false
    var isRequired = false
    var isNullable = false
    /// As written in a file; nil where there is none.
    fileprivate var fallback: String?
    /// Whether the default hangs on other settings or on what the other components are.
    fileprivate var varies = false
    /// How many choices had to be made for it to be read.
    fileprivate var tried = 0

    /// As written in a file; nil where it must be said, or hangs on what the other components are.
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

  /// One way to make a reader read, with what it needs beside.
  typealias Attempt = (inout Settings) throws -> Void

  /// In the order in which they were come upon.
  private(set) var found: [Found] = []
  /// Why no attempt reads the example to its end; nil when one does.
  private(set) var failure: String?

  private let name: String
  private let attempts: [Attempt]
  private var probed: Set<String> = []

  /// Choices within choices are followed so deep.
  private static let depth = 3

  /// `example` is YAML that at least one of `attempts` can read whole.
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

  /// Of one reader whose example is a whole file: lines are not left out of it, and what is known already is not tried.
  init(_ name: String, whole example: String, knowing isKnown: (String) -> Bool, _ attempt: @escaping Attempt) {
    self.name = name
    attempts = [attempt]
    failure = learn(from: example, [], by: attempt)
    probed = Set(found.map(\.path).filter(isKnown))
    probe(example, [])
  }

  subscript(path: String) -> Found? { found.first { $0.path == path } }

  private mutating func visit(_ text: String, _ overrides: [String]) {
    for attempt in attempts { _ = learn(from: text, overrides, by: attempt) }
  }

  /// Tries everything that could stand in the place of settings that were not tried yet.
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

  /// Lets one attempt read, and joins what it read. Gives why it did not come to its end.
  private mutating func learn(from text: String, _ overrides: [String], by attempt: Attempt) -> String? {
    do {
      var settings = try Settings(parsing: text.isEmpty ? "{}" : text, file: name, overrides: overrides)
      defer { for (section, reading) in settings.reads { join(section, reading, tried: overrides.count) } }
      try withoutStorage { try attempt(&settings) }
      try settings.finish()
      return nil
    } catch { return "\(error)" }
  }

  /// `tried` is how many settings were not as the example or their default says.
  private mutating func join(_ section: String, _ reading: Reading, tried: Int) {
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
    if let known = found[index].forms.firstIndex(where: { $0.form == form }) {
      if found[index].forms[known].bounds == nil { found[index].forms[known].bounds = reading.bounds }
    } else {
      found[index].forms.append((form, reading.kind, reading.bounds))
    }
    found[index].isRequired = found[index].isRequired || reading.isRequired
    found[index].isNullable = found[index].isNullable || reading.isNullable
    // What stands in a file is no default.
    guard reading.location == nil, !reading.isRequired, let yaml = reading.yaml else { return }
    // The default is that with the fewest choices made.
    if found[index].fallback == nil || tried < found[index].tried {
      (found[index].fallback, found[index].tried, found[index].varies) = (yaml, tried, false)
    } else if tried == found[index].tried, found[index].fallback != yaml {
      found[index].varies = true
    }
  }
}
