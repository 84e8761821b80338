import Files
import Tensors

/// A file of weights of another program: safetensors, or a state_dict written by PyTorch's `torch.save`.
///
/// The format is recognized by the first bytes. Opening reads the directory of tensors and checks that each lies in the
/// file; scalars are read, and converted to Float32, by `tensor(_:in:)` and `tensors(in:)`. No code in the file is
/// executed. A pickle of whole modules, or one written by PyTorch before 1.6, is refused.
public struct WeightFile: Sendable {
  /// The file's path, with which errors begin.
  public var path: String { source.name }
  /// The most tensors of a file; the largest models have some thousands.
  private static let tensorLimit = 100_000
  private let source: ByteSource
  /// Tensors by group and name.
  private let entries: [String: [String: StoredTensor]]

  /// Opens a file; throws `WeightsError` if it is missing, no regular file, of another format, damaged, or without a
  /// tensor.
  public init(_ path: String) throws(WeightsError) {
    let source: ByteSource
    do throws(FileError) { source = try ByteSource(file: path) } catch { throw WeightsError(error) }
    try self.init(source)
  }

  /// The content of a file that is in memory; `name` stands for its path. Throws as for a file.
  public init(bytes: [UInt8], named name: String) throws(WeightsError) {
    try self.init(ByteSource(bytes, named: name))
  }

  private init(_ source: ByteSource) throws(WeightsError) {
    self.source = source
    guard source.count > 0 else { throw .unreadable(path: source.name, why: "the file is empty.") }
    let first = try source.weights(at: 0, count: min(10, source.count)), flat: [String: StoredTensor]
    if first.starts(with: [0x50, 0x4B, 0x03, 0x04]) {
      flat = try TorchArchive.entries(source)
    } else if first.count > 8, first[8] == UInt8(ascii: "{") {
      flat = try Safetensors.entries(source)
    } else if first[0] == 0x80 {
      throw .unreadable(
        path: source.name, why: "this is a pickle of PyTorch before 1.6; load it there and save its state_dict again.")
    } else {
      throw .unreadable(path: source.name, why: "this is neither a safetensors file nor a PyTorch checkpoint.")
    }
    guard !flat.isEmpty else { throw .unreadable(path: source.name, why: "there is no tensor in it.") }
    guard flat.count <= Self.tensorLimit else {
      throw .unreadable(
        path: source.name, why: "it holds \(flat.count) tensors; at most \(Self.tensorLimit) are read.")
    }
    var entries: [String: [String: StoredTensor]] = [:]
    for (key, entry) in flat {
      let (group, name) = Self.parts(key)
      entries[group, default: [:]][name] = entry
    }
    self.entries = entries
  }

  /// Names of the groups of tensors in alphabetical order, "" for the top level: ["model", "model_ema"].
  public var groups: [String] { entries.keys.sorted() }

  /// The group that is read unless another is named: the only one, or one by the usual name of a model's weights, else
  /// the one of most tensors.
  public var mainGroup: String {
    let usual = [
      "model", "state_dict", "model_state", "model_state_dict", "module", "network", "net", "params", "model_ema",
      "ema",
    ]
    // Alphabetical order decides between equals.
    return usual.first { entries[$0] != nil }
      ?? groups.max { (entries[$0]?.count ?? 0, $1) < (entries[$1]?.count ?? 0, $0) } ?? ""
  }

  /// Names of the tensors of a group in alphabetical order.
  public func names(in group: String) -> [String] { (entries[group] ?? [:]).keys.sorted() }

  /// The shape of a tensor; nil if there is none of that name.
  public func shape(of name: String, in group: String) -> [Int]? { entries[group]?[name]?.shape }

  /// The shapes of all tensors of a group, by name; without `group` of `mainGroup`. Throws `WeightsError.noGroup` for a
  /// group that does not exist.
  public func shapes(in group: String?) throws(WeightsError) -> [String: [Int]] {
    try stored(in: group).mapValues(\.shape)
  }

  /// Reads a tensor; nil if there is none of that name. Throws where the file cannot be read.
  public func tensor(_ name: String, in group: String) throws(WeightsError) -> Tensor? {
    guard let entry = entries[group]?[name] else { return nil }
    return try entry.tensor(source)
  }

  /// Reads all tensors of a group, by name; without `group` of `mainGroup`. Throws `WeightsError.noGroup` for a group
  /// that does not exist, and where the file cannot be read.
  public func tensors(in group: String?) throws(WeightsError) -> [String: Tensor] {
    var found: [String: Tensor] = [:]
    for (name, entry) in try stored(in: group) { found[name] = try entry.tensor(source) }
    return found
  }

  private func stored(in group: String?) throws(WeightsError) -> [String: StoredTensor] {
    guard let found = entries[group ?? mainGroup] else {
      throw .noGroup(path: path, name: group ?? "", there: groups.map { $0.isEmpty ? "the top level" : "'\($0)'" })
    }
    return found
  }

  private static func parts(_ key: String) -> (group: String, name: String) {
    guard let slash = key.lastIndex(of: "/") else { return ("", key) }
    return (String(key[..<slash]), String(key[key.index(after: slash)...]))
  }
}
