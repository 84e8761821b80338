import Tensors

/// A mapping from the tensors of a family of public checkpoints to the parameters of a component.
///
/// A component lists its checkpoint mappings; fixtures and `overtone import` both read weights through them, so that
/// what is tested is what is imported. A mapping knows names alone; shapes are compared, and layouts changed, by
/// `CheckpointSource`.
public struct CheckpointMapping: Sendable {
  /// The family: "MAR", "VAR", "LlamaGen".
  public let name: String
  private let sources: @Sendable (_ names: [String]) -> [(path: String, source: CheckpointSource)]

  /// A mapping of one family: maps their names to our paths relative to the component, each with its source. Names of
  /// other components are left out.
  public init(
    _ name: String, _ sources: @escaping @Sendable (_ names: [String]) -> [(path: String, source: CheckpointSource)]
  ) {
    self.name = name
    self.sources = sources
  }

  /// A mapping that only renames: pairs are tried in order, each replaces every occurrence in a name. Names that begin
  /// with none of `prefixes` belong to other components, and so do those that end in one of `ignoredSuffixes`.
  public init(
    _ name: String, prefixes: [String], ignoredSuffixes: [String] = [], _ pairs: [(theirs: String, ours: String)]
  ) {
    let renaming = Renaming(pairs)
    self.init(name) { names in
      names.filter { name in
        prefixes.contains { name.hasPrefix($0) } && !ignoredSuffixes.contains { name.hasSuffix($0) }
      }.map { (renaming($0), CheckpointSource($0)) }
    }
  }

  /// The parameters that tensors of these names become, in the order of the names: our paths, relative to the
  /// component, and sources. Two names may become one path.
  public func correspondences(_ names: some Sequence<String>) -> [(path: String, source: CheckpointSource)] {
    sources(Array(names))
  }

  /// One tensor in our layout, and the names of the tensors it comes from.
  public struct MappedTensor: Sendable {
    /// The tensor.
    public var value: Tensor
    /// Names in the checkpoint.
    public var sources: [String]
  }

  /// The tensors of a checkpoint in our layout, by our paths; those that cannot be divided as they should are left out.
  public func translated(_ weights: [String: Tensor]) -> [String: MappedTensor] {
    var found: [String: MappedTensor] = [:]
    for (path, source) in correspondences(weights.keys.sorted()) {
      guard let tensor = weights[source.name], let value = source.value(tensor) else { continue }
      found[path] = MappedTensor(value: value, sources: [source.name])
    }
    return found
  }
}

/// Replacements of parts of a name, each tried in order and applied to every occurrence.
public struct Renaming: Sendable {
  private let pairs: [(theirs: [UInt8], ours: [UInt8])]

  /// Replacements in this order.
  public init(_ pairs: [(theirs: String, ours: String)]) {
    self.pairs = pairs.map { (Array($0.theirs.utf8), Array($0.ours.utf8)) }
  }

  /// Returns the name after all replacements.
  public func callAsFunction(_ name: String) -> String {
    String(decoding: pairs.reduce(Array(name.utf8)) { Self.replaced($0, $1.theirs, $1.ours) }, as: UTF8.self)
  }

  private static func replaced(_ text: [UInt8], _ old: [UInt8], _ new: [UInt8]) -> [UInt8] {
    guard let first = old.first, text.count >= old.count else { return text }
    var result: [UInt8] = [], offset = 0
    while offset < text.count {
      if text[offset] == first, text[offset...].starts(with: old) {
        result += new
        offset += old.count
      } else {
        result.append(text[offset])
        offset += 1
      }
    }
    return result
  }
}
