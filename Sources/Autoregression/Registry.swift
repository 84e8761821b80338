import CParts
import Settings

/// A function that registers components, placed in a section of the binary by the last line of a component's file.
///
/// The linker gathers the section; `Registry.linked()` calls its functions.
public typealias Registration = @convention(c) (UnsafeMutableRawPointer) -> Void

/// The components of a program, by role and key.
public struct Registry {
  /// One component and the file that registered it.
  public struct Entry {
    /// "direction", "loss", ...
    public let role: String
    /// Its type.
    public let type: any Component.Type
    /// "Directions/Frequency.swift"
    public let file: String
    /// Its name in YAML.
    public var key: String { type.key }
  }
  /// All components, ordered by role and key.
  public private(set) var entries: [Entry] = []
  /// The commit that the program was built from, 40 hexadecimal digits, with " changed" behind it where its sources
  /// were not those of the commit; "unknown" outside a repository, nil where the program does not register it.
  public var commit: String?

  /// A registry without components.
  public init() {}

  /// Adds a direction.
  public mutating func add(_ type: any RegressionDirection.Type, file: String = #fileID) {
    add("direction", type, file)
  }
  /// Adds a tokenizer.
  public mutating func add(_ type: any Tokenizer.Type, file: String = #fileID) { add("tokenizer", type, file) }
  /// Adds a loss.
  public mutating func add(_ type: any TokenLoss.Type, file: String = #fileID) { add("loss", type, file) }
  /// Adds a backbone.
  public mutating func add(_ type: any Backbone.Type, file: String = #fileID) { add("backbone", type, file) }
  /// Adds a conditioner.
  public mutating func add(_ type: any Conditioner.Type, file: String = #fileID) { add("conditioner", type, file) }
  /// Adds a dataset.
  public mutating func add(_ type: any ImageDataset.Type, file: String = #fileID) { add("dataset", type, file) }
  /// Adds a metric.
  public mutating func add(_ type: any Metric.Type, file: String = #fileID) { add("metric", type, file) }

  private mutating func add(_ role: String, _ type: any Component.Type, _ file: String) {
    if let other = entries.first(where: { $0.role == role && $0.key == type.key }) {
      preconditionFailure("two components are the \(role) '\(type.key)': \(other.file) and \(file)")
    }
    entries.append(Entry(role: role, type: type, file: file))
    entries.sort { ($0.role, $0.key) < ($1.role, $1.key) }
  }

  /// A registry of all components that are linked into this program.
  public static func linked() -> Registry {
    var registry = Registry()
    guard var entry = overtone_parts_begin(), let end = overtone_parts_end() else { return registry }
    withUnsafeMutablePointer(to: &registry) { address in
      while entry != end {
        if let code = entry.pointee { unsafeBitCast(code, to: Registration.self)(address) }
        entry += 1
      }
    }
    return registry
  }

  /// The roles of components, from the data to the metrics.
  public var roles: [String] {
    ["dataset", "tokenizer", "direction", "conditioner", "backbone", "loss", "metric"]
  }

  /// The keys of all components of a role, in alphabetical order.
  public func keys(of role: String) -> [String] { entries.filter { $0.role == role }.map(\.key) }

  /// Returns the component that the key `use` of a section names; throws a message with the keys there are.
  public func find<Role>(_ role: String, _ settings: inout Settings, as: Role.Type) throws(SettingsError) -> Role {
    let key: String = try settings[required: "use", about: "which \(role)"]
    if let found = entries.first(where: { $0.role == role && $0.key == key })?.type as? Role { return found }
    if let renamed = entries.first(where: { $0.role == role && $0.type.formerKeys.contains(key) }) {
      throw settings.refusal("\(role) '\(key)' is called '\(renamed.key)' now.", at: "use")
    }
    let known = keys(of: role), near = nearest(key, among: known).map { " Did you mean '\($0)'?" } ?? ""
    throw settings.refusal(
      "there is no \(role) '\(key)'; there are \(known.joined(separator: ", ")).\(near)", at: "use")
  }
}

extension UnsafeMutableRawPointer {
  /// The registry that a registration gets.
  public var registry: Registry {
    get { assumingMemoryBound(to: Registry.self).pointee }
    nonmutating set { assumingMemoryBound(to: Registry.self).pointee = newValue }
  }
}
