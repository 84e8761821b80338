import Foundation
import Tensors

/// A file of weights of another program: safetensors, or a state_dict written by PyTorch's `torch.save`.
///
/// The format is recognized by the first bytes. Opening reads the directory of tensors; scalars are read, and converted
/// to Float32, by `tensors(in:)`. No code in the file is executed. A pickle of whole modules, or one written by PyTorch
/// before 1.6, is refused.
public struct WeightFile: Sendable {
  /// The file's path.
  public let path: String
  private let bytes: Bytes
  private let entries: [String: StoredTensor]

  /// Opens a file; throws `WeightsError` if it is missing, of another format, damaged, or without a tensor.
  public init(_ path: String) throws(WeightsError) {
    self.path = path
    bytes = try Bytes(path)
    guard bytes.count > 0 else { throw .unreadable(path: path, why: "the file is empty.") }
    let first = try bytes.slice(0, min(10, bytes.count))
    if first.starts(with: [0x50, 0x4B, 0x03, 0x04]) {
      entries = try TorchArchive.entries(bytes)
    } else if first.count > 8, first[first.startIndex + 8] == UInt8(ascii: "{") {
      entries = try Safetensors.entries(bytes)
    } else if first.starts(with: [0x80]) {
      throw .unreadable(
        path: path, why: "this is a pickle of PyTorch before 1.6; load it there and save its state_dict again.")
    } else {
      throw .unreadable(path: path, why: "this is neither a safetensors file nor a PyTorch checkpoint.")
    }
    guard !entries.isEmpty else { throw .unreadable(path: path, why: "there is no tensor in it.") }
  }

  /// Names of the groups of tensors in alphabetical order, "" for the top level: ["model", "model_ema"].
  public var groups: [String] { Set(entries.keys.map { Self.parts($0).group }).sorted() }

  /// Names of the tensors of a group in alphabetical order.
  public func names(in group: String) -> [String] {
    entries.keys.map(Self.parts).filter { $0.group == group }.map(\.name).sorted()
  }

  /// The shape of a tensor; nil if there is none of that name.
  public func shape(of name: String, in group: String) -> [Int]? { entries[Self.joined(group, name)]?.shape }

  /// Reads all tensors of a group, by name.
  ///
  /// Without `group` it is the only group, else "model", else the first in alphabetical order. Throws
  /// `WeightsError.noGroup` for a group that does not exist, and `.unreadable` for a damaged file.
  public func tensors(in group: String?) throws(WeightsError) -> [String: Tensor] {
    let chosen = group ?? (groups.count == 1 ? groups[0] : groups.contains("model") ? "model" : groups[0])
    guard groups.contains(chosen) else {
      throw .noGroup(path: path, name: chosen, there: groups.map { $0.isEmpty ? "the top level" : "'\($0)'" })
    }
    var found: [String: Tensor] = [:]
    for (key, entry) in entries where Self.parts(key).group == chosen {
      found[Self.parts(key).name] = try entry.tensor(bytes)
    }
    return found
  }

  private static func parts(_ key: String) -> (group: String, name: String) {
    guard let slash = key.lastIndex(of: "/") else { return ("", key) }
    return (String(key[..<slash]), String(key[key.index(after: slash)...]))
  }

  private static func joined(_ group: String, _ name: String) -> String { group.isEmpty ? name : "\(group)/\(name)" }
}
