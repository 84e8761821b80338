import Tensors

/// A part of a network: a struct whose parameters are found by walking it.
public protocol Module: Sendable {
  /// Names of stored properties in checkpoints, where these differ from the names in the source.
  static var checkpointNames: [String: String] { get }
}

extension Module {
  /// Every property is stored under the name that it has in the source.
  public static var checkpointNames: [String: String] { [:] }

  /// Every parameter with its dotted path, "blocks.3.attention.qkv.weight", in the order of declaration.
  public var parameters: [(path: String, parameter: Parameter)] { found(in: self) }

  /// Every measured statistic with its dotted path.
  public var statistics: [(path: String, statistic: Statistic)] { found(in: self) }
}

/// Every object of one class inside a value, once. Every struct, array and optional is walked, not only modules, so
/// that none stays untrained in silence.
private func found<Found: AnyObject>(in value: Any) -> [(String, Found)] {
  var all: [(String, Found)] = [], seen: Set<ObjectIdentifier> = []
  func walk(_ value: Any, _ path: String) {
    if let object = value as? Found {
      if seen.insert(ObjectIdentifier(object)).inserted { all.append((path, object)) }
      return
    }
    // Leaves with many elements but nothing inside.
    if value is Tensor || value is String || value is [Int] || value is [Float] || value is [Double] { return }
    let mirror = Mirror(reflecting: value)
    guard mirror.displayStyle != .class else { return }
    let names = (value as? any Module).map { type(of: $0).checkpointNames } ?? [:]
    for (index, child) in mirror.children.enumerated() {
      let isTransparent = mirror.displayStyle == .optional || mirror.displayStyle == .enum
      let label = mirror.displayStyle == .collection ? "\(index)" : (child.label ?? "\(index)")
      let name = names[label] ?? label
      walk(child.value, isTransparent ? path : (path.isEmpty ? name : "\(path).\(name)"))
    }
  }
  walk(value, "")
  return all
}
