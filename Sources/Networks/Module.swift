import Tensors

/// A layer or a network: a value whose parameters are found by reflection over its stored properties.
///
/// A parameter's path is made of property names, "blocks.3.attention.qkv.weight", and is its name in checkpoints.
public protocol Module: Sendable {
  /// Names in checkpoints of properties that the code calls otherwise, by the name of the property; empty by default.
  static var checkpointNames: [String: String] { get }
}

extension Module {
  /// No property has another name in checkpoints.
  public static var checkpointNames: [String: String] { [:] }

  /// All parameters with their dotted paths, in the order of declaration; a shared one only at its first path.
  public var parameters: [(path: String, parameter: Parameter)] { objects(in: self) }

  /// All measured statistics with their dotted paths, in the order of declaration.
  public var statistics: [(path: String, statistic: Statistic)] { objects(in: self) }
}

/// All objects of one class inside a value, once. Structs, arrays, tuples and optionals are searched, not modules
/// only, so that no parameter stays untrained in silence; optionals and enums add nothing to a path.
private func objects<Object: AnyObject>(in value: Any) -> [(String, Object)] {
  var all: [(String, Object)] = [], found: Set<ObjectIdentifier> = []
  func search(_ value: Any, _ path: String) {
    if let object = value as? Object {
      if found.insert(ObjectIdentifier(object)).inserted { all.append((path, object)) }
      return
    }
    // Leaves with many elements but no objects inside.
    if value is Tensor || value is String || value is [Int] || value is [Float] || value is [Double] { return }
    let mirror = Mirror(reflecting: value)
    guard mirror.displayStyle != .class else { return }
    let names = (value as? any Module).map { type(of: $0).checkpointNames } ?? [:]
    let isTransparent = mirror.displayStyle == .optional || mirror.displayStyle == .enum
    for (index, child) in mirror.children.enumerated() {
      let property = mirror.displayStyle == .collection ? "\(index)" : (child.label ?? "\(index)")
      let name = names[property] ?? property
      search(child.value, isTransparent ? path : (path.isEmpty ? name : "\(path).\(name)"))
    }
  }
  search(value, "")
  return all
}
