import Glibc

/// One setting as it was read.
public struct Reading: Sendable {
  /// The key in its mapping, without the path of the section.
  public var key: String
  /// "a whole number"
  public var kind: String
  /// One line for lists of settings: meaning and unit.
  public var about: String
  /// "1 to 64"
  public var bounds: String?
  /// The values that may be set, where they are few; else empty.
  public var choices: [String] = []
  /// Which values it takes; nil for mappings and lists of them.
  public var form: Form?
  /// True if a file must set it.
  public var isRequired = false
  /// True if it may be null.
  public var isNullable = false
  /// As written in a file; nil for sections.
  public var yaml: String?
  /// The path of the mapping it is.
  var section: String?
  var sections: [String] = []
  /// The location of the value; nil for a default.
  public var location: FileLocation?
  /// True if training depends on it; false if it only affects generation.
  public var affectsTraining = true
}

/// The reads of one experiment, common to all its sections.
final class Record: @unchecked Sendable {  // every access under `lock`
  private var lock = pthread_mutex_t()
  private var order: [String] = []
  private var readings: [String: [Reading]] = [:]
  private var keys: [String: [(key: String, location: FileLocation)]] = [:]

  init() { pthread_mutex_init(&lock, nil) }
  deinit { pthread_mutex_destroy(&lock) }

  private func locked<Result>(_ body: () -> Result) -> Result {
    pthread_mutex_lock(&lock)
    defer { pthread_mutex_unlock(&lock) }
    return body()
  }

  /// Registers a mapping with its keys. A path that is opened again keeps its position in the order, and takes the new
  /// keys.
  func open(_ path: String, _ keys: [(String, FileLocation)]) {
    locked {
      if self.keys[path] == nil { order.append(path) }
      self.keys[path] = keys
    }
  }

  /// The first reading of a key stands; later ones of the same key can only say that it shapes training after all.
  func note(_ path: String, _ reading: Reading, affectsTraining: Bool) {
    locked {
      if let index = readings[path]?.firstIndex(where: { $0.key == reading.key }) {
        if affectsTraining { readings[path]?[index].affectsTraining = true }
      } else {
        var reading = reading
        reading.affectsTraining = affectsTraining
        readings[path, default: []].append(reading)
      }
    }
  }

  /// Notes that a setting that was read affects training.
  func markAffectsTraining(_ path: String, _ key: String) {
    locked {
      guard let index = readings[path]?.firstIndex(where: { $0.key == key }) else {
        preconditionFailure("'\(key)' is marked before it is read")
      }
      readings[path]?[index].affectsTraining = true
    }
  }

  /// All readings, sections in the order of opening and keys in the order of reading.
  var all: [(section: String, reading: Reading)] {
    locked { order.flatMap { path in (readings[path] ?? []).map { (path, $0) } } }
  }

  /// The first key of the file, in the order of sections and lines, that no component has read; nil if all were.
  var firstUnread: (key: String, location: FileLocation, section: String, known: [String])? {
    locked {
      for path in order {
        let known = (readings[path] ?? []).map(\.key)
        for (key, location) in keys[path] ?? [] where !known.contains(key) {
          return (key, location, path, known.sorted())
        }
      }
      return nil
    }
  }

  /// The readings as YAML; with `origins`, a comment behind every value names its location, or "default".
  func text(origins: Bool) -> String { locked { lines("", "", origins).joined(separator: "\n") + "\n" } }

  /// Lines of one mapping, nested ones indented by two columns. Items of lists carry "- " in the indent of the first
  /// key.
  private func lines(_ path: String, _ indent: String, _ origins: Bool) -> [String] {
    (readings[path] ?? []).flatMap { reading -> [String] in
      let origin = origins ? "  # \(reading.location.map(\.description) ?? "default")" : ""
      if let section = reading.section {
        let inner = lines(section, indent + "  ", origins)
        return inner.isEmpty ? ["\(indent)\(reading.key): {}"] : ["\(indent)\(reading.key):"] + inner
      }
      if !reading.sections.isEmpty {
        return ["\(indent)\(reading.key):"]
          + reading.sections.flatMap { section -> [String] in
            let inner = lines(section, indent + "    ", origins)
            guard let first = inner.first else { return ["\(indent)  - {}"] }
            return ["\(indent)  - " + first.dropFirst(indent.count + 4)] + inner.dropFirst()
          }
      }
      return ["\(indent)\(reading.key): \(reading.yaml ?? "[]")\(origin)"]
    }
  }
}
