import Foundation

/// The format of `torch.save` since PyTorch 1.6: a zip of one pickle, `data.pkl`, and one member per storage.
struct TorchArchive {
  private static let kinds: [String: ScalarKind] = [
    "DoubleStorage": .float64, "FloatStorage": .float32, "HalfStorage": .float16, "BFloat16Storage": .bfloat16,
    "LongStorage": .int64, "IntStorage": .int32, "ShortStorage": .int16, "CharStorage": .int8, "ByteStorage": .uint8,
    "BoolStorage": .bool,
  ]

  /// Returns all tensors by group and name, "model_ema/blocks.0.norm.weight"; values that are no tensors are skipped.
  static func entries(_ bytes: Bytes) throws(WeightsError) -> [String: StoredTensor] {
    let archive = try ZipArchive(bytes)
    guard let directory = archive.members.keys.first(where: { $0 == "data.pkl" || $0.hasSuffix("/data.pkl") }),
      let member = archive.members[directory]
    else { throw .unreadable(path: bytes.path, why: "this zip file holds no PyTorch checkpoint.") }
    let root = String(directory.dropLast("data.pkl".count))
    if let order = archive.members[root + "byteorder"],
      String(decoding: try bytes.slice(order.start, order.length), as: UTF8.self).hasPrefix("big")
    {
      throw .unreadable(path: bytes.path, why: "its numbers are big-endian; save it on a little-endian machine.")
    }
    let reader = TorchArchive(archive: archive, root: root, path: bytes.path)
    var found: [String: StoredTensor] = [:]
    func collect(_ value: PickleValue, _ path: [String]) throws(WeightsError) {
      if case .dictionary(let pairs) = value {
        for (key, value) in pairs {
          if let name = key.text ?? key.int.map(String.init) { try collect(value, path + [name]) }
        }
      } else if let stored = try reader.tensor(value) {
        // Keys above the last one are groups; keys of a state_dict contain dots themselves.
        found[path.joined(separator: "/")] = stored
      }
    }
    try collect(try Unpickler.value(try bytes.slice(member.start, member.length), path: bytes.path), [])
    return found
  }

  /// The zip member names of a checkpoint, and the file that errors name.
  private let archive: ZipArchive, root: String, path: String

  /// Returns the tensor that a pickled call rebuilds; nil if the value is no tensor.
  private func tensor(_ value: PickleValue) throws(WeightsError) -> StoredTensor? {
    guard case .object(let name, let arguments) = value else { return nil }
    switch name {
    case "torch._utils _rebuild_parameter", "torch._utils _rebuild_parameter_with_state":
      return try arguments.first.flatMap { (inner) throws(WeightsError) in try tensor(inner) }
    case "torch._utils _rebuild_tensor_v2", "torch._utils _rebuild_tensor":
      guard arguments.count >= 4, case .external(let id) = arguments[0], id.count >= 3, id[0].text == "storage",
        case .global(let storage) = id[1], let key = id[2].text, let offset = arguments[1].int,
        let shape = arguments[2].list?.compactMap(\.int), let strides = arguments[3].list?.compactMap(\.int),
        shape.count == strides.count, offset >= 0, (shape + strides).allSatisfy({ $0 >= 0 })
      else { throw .unreadable(path: path, why: "its pickled directory of tensors is damaged.") }
      guard let kind = Self.kinds[storage.split(separator: " ").last.map(String.init) ?? ""] else {
        throw .unreadable(path: path, why: "a tensor lies in a \(storage); save it as float32, float16 or bfloat16.")
      }
      guard let member = archive.members[root + "data/" + key] else {
        throw .unreadable(path: path, why: "the storage '\(key)' of a tensor is not in the file.")
      }
      guard let span = StoredTensor.span(shape, strides), offset <= member.length,
        (offset + span) * kind.size <= member.length
      else {
        throw .unreadable(path: path, why: "a tensor of shape \(shape) reaches beyond its storage '\(key)'.")
      }
      return StoredTensor(kind: kind, shape: shape, start: member.start + offset * kind.size, strides: strides)
    default: return nil
    }
  }
}
