import Tensors

/// A part of a network: a struct whose parameters are found by walking it.
public protocol Module: Sendable {}

extension Module {
  /// Every parameter with its dotted path, "blocks.3.attention.query.weight", in the order of declaration.
  ///
  /// Every struct, array and optional inside is walked, not only modules, so that none stays untrained in silence.
  public var parameters: [(path: String, parameter: Parameter)] {
    var found: [(path: String, parameter: Parameter)] = [], seen: Set<ObjectIdentifier> = []
    func walk(_ value: Any, _ path: String) {
      if let parameter = value as? Parameter {
        if seen.insert(ObjectIdentifier(parameter)).inserted { found.append((path, parameter)) }
        return
      }
      if value is Tensor || value is String || value is [Int] || value is [Float] { return }
      let mirror = Mirror(reflecting: value)
      for (index, child) in mirror.children.enumerated() {
        let isTransparent = mirror.displayStyle == .optional || mirror.displayStyle == .enum
        let label = mirror.displayStyle == .collection ? "\(index)" : (child.label ?? "\(index)")
        walk(child.value, isTransparent ? path : (path.isEmpty ? label : "\(path).\(label)"))
      }
    }
    walk(self, "")
    return found
  }
}
