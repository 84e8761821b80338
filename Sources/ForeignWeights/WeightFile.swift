import Foundation
import Tensors

/// Weights that another program wrote: a safetensors file, or what PyTorch's `torch.save` makes of a state_dict.
///
/// Which of the two a file is, its first bytes say. Numbers are read as Float32 when asked for; nothing in the file is
/// run. A file that pickles whole modules, or one of PyTorch before 1.6, is refused.
public struct WeightFile: Sendable {
  public let path: String
  private let bytes: Bytes
  private let entries: [String: StoredTensor]

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

  /// Groups of tensors, "" for those at the top: ["model", "model_ema"].
  public var groups: [String] { Set(entries.keys.map { Self.parts($0).group }).sorted() }

  /// Names in a group.
  public func names(in group: String) -> [String] {
    entries.keys.map(Self.parts).filter { $0.group == group }.map(\.name).sorted()
  }

  public func shape(of name: String, in group: String) -> [Int]? { entries[Self.joined(group, name)]?.shape }

  /// All tensors of a group by name; the only one there is when `group` is nil, else "model" if there is one of that name.
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
