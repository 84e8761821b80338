import Tensors

/// How public checkpoints of one family name and lay out what the parameters of a component hold.
///
/// A component lists its checkpoint mappings; fixtures and `overtone import` both read weights through them, so that what is
/// tested is what is imported.
public struct CheckpointMapping: Sendable {
  /// The family: "MAR", "VAR", "LlamaGen".
  public let name: String
  /// From their names and tensors (in their layout) to our paths, counted from the component, and tensors in our
  /// layout. What belongs to other components is left out.
  public let translated: @Sendable (_ weights: [String: Tensor]) -> [String: MappedTensor]

  /// One tensor in our layout, and the names it was made from.
  public struct MappedTensor: Sendable {
    public var value: Tensor
    public var sources: [String]

    public init(_ value: Tensor, from sources: [String]) {
      self.value = value
      self.sources = sources
    }
  }

  public init(_ name: String, _ translated: @escaping @Sendable ([String: Tensor]) -> [String: MappedTensor]) {
    self.name = name
    self.translated = translated
  }

  /// A mapping that only renames: pairs are tried in order, each replaces every occurrence in a name. Names that begin
  /// with none of `prefixes` belong to other components. Kernels [out, in, height, width] become ours, channels last.
  public init(_ name: String, prefixes: [String], _ pairs: [(theirs: String, ours: String)]) {
    let (heads, pairs) = (prefixes, pairs.map { [$0.theirs, $0.ours] })
    self.init(name) { weights in
      var found: [String: MappedTensor] = [:]
      for (name, value) in weights where heads.contains(where: { name.hasPrefix($0) }) {
        let path = pairs.reduce(name) { CheckpointMapping.replaced($0, $1[0], $1[1]) }
        found[path] = MappedTensor(value.shape.count == 4 ? value.permuted([0, 2, 3, 1]) : value, from: [name])
      }
      return found
    }
  }

  private static func replaced(_ text: String, _ old: String, _ new: String) -> String {
    text.split(separator: old, omittingEmptySubsequences: false).joined(separator: new)
  }
}
