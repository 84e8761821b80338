import CParts
import Settings

/// One line that a component's file ends with; the linker gathers them, `Registry.linked()` reads them.
public typealias Registration = @convention(c) (UnsafeMutableRawPointer) -> Void

/// Which components there are, by role and key.
public struct Registry {
  /// One component with where it was registered from.
  public struct Entry {
    public let role: String
    public let type: any Component.Type
    /// "Directions/Frequency.swift"
    public let file: String
    public var key: String { type.key }
  }
  public private(set) var entries: [Entry] = []

  public init() {}

  public mutating func add(_ type: any RegressionDirection.Type, file: String = #fileID) {
    add("direction", type, file)
  }
  public mutating func add(_ type: any Tokenizer.Type, file: String = #fileID) { add("tokenizer", type, file) }
  public mutating func add(_ type: any TokenLoss.Type, file: String = #fileID) { add("loss", type, file) }
  public mutating func add(_ type: any Backbone.Type, file: String = #fileID) { add("backbone", type, file) }
  public mutating func add(_ type: any Conditioner.Type, file: String = #fileID) { add("conditioner", type, file) }
  public mutating func add(_ type: any ImageDataset.Type, file: String = #fileID) { add("dataset", type, file) }
  public mutating func add(_ type: any Metric.Type, file: String = #fileID) { add("metric", type, file) }

  private mutating func add(_ role: String, _ type: any Component.Type, _ file: String) {
    if let other = entries.first(where: { $0.role == role && $0.key == type.key }) {
      preconditionFailure("two components are the \(role) '\(type.key)': \(other.file) and \(file)")
    }
    entries.append(Entry(role: role, type: type, file: file))
    entries.sort { ($0.role, $0.key) < ($1.role, $1.key) }
  }

  /// Everything that was linked into this program.
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

  public var roles: [String] {
    ["dataset", "tokenizer", "direction", "conditioner", "backbone", "loss", "metric"]
  }

  public func keys(of role: String) -> [String] { entries.filter { $0.role == role }.map(\.key) }

  /// The component that the `use:` of a section names.
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
  /// The registry that a registration is handed.
  public var registry: Registry {
    get { assumingMemoryBound(to: Registry.self).pointee }
    nonmutating set { assumingMemoryBound(to: Registry.self).pointee = newValue }
  }
}
