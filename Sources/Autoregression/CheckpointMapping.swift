import Tensors

/// A mapping from the tensors of a family of public checkpoints to the parameters of a component.
///
/// A component lists its checkpoint mappings; fixtures and `overtone import` both read weights through them, so that
/// what is tested is what is imported.
public struct CheckpointMapping: Sendable {
  /// The family: "MAR", "VAR", "LlamaGen".
  public let name: String
  /// Maps their names and tensors, in their layout, to our paths relative to the component and tensors in our layout.
  /// Tensors of other components are left out.
  public let translated: @Sendable (_ weights: [String: Tensor]) -> [String: MappedTensor]

  /// One tensor in our layout, and the names of the tensors it comes from.
  public struct MappedTensor: Sendable {
    /// The tensor.
    public var value: Tensor
    /// Names in the checkpoint.
    public var sources: [String]

    /// A tensor from the tensors of these names.
    public init(_ value: Tensor, from sources: [String]) {
      self.value = value
      self.sources = sources
    }
  }

  /// A mapping of one family by a function.
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
