import Foundation

/// What `torch.save` writes since version 1.6: a zip of one pickle, `data.pkl`, and one member per storage.
enum TorchArchive {
  private static let kinds: [String: ScalarKind] = [
    "DoubleStorage": .float64, "FloatStorage": .float32, "HalfStorage": .float16, "BFloat16Storage": .bfloat16,
    "LongStorage": .int64, "IntStorage": .int32, "ShortStorage": .int16, "CharStorage": .int8, "ByteStorage": .uint8,
    "BoolStorage": .bool,
  ]

  /// Every tensor by its name, groups before it: "model_ema/blocks.0.norm.weight". What is no tensor is passed over.
  static func entries(_ bytes: Bytes) throws(WeightsError) -> [String: StoredTensor] {
    let archive = try Archive(bytes)
    guard let directory = archive.members.keys.first(where: { $0 == "data.pkl" || $0.hasSuffix("/data.pkl") }),
      let member = archive.members[directory]
    else { throw .unreadable(path: bytes.path, why: "this zip file holds no PyTorch checkpoint.") }
    let root = String(directory.dropLast("data.pkl".count))
    if let order = archive.members[root + "byteorder"],
      String(decoding: try bytes.slice(order.start, order.length), as: UTF8.self).hasPrefix("big")
    {
      throw .unreadable(path: bytes.path, why: "its numbers are big-endian; save it on a little-endian machine.")
    }
    var found: [String: StoredTensor] = [:]
    func walk(_ value: PickleValue, _ path: [String]) throws(WeightsError) {
      if case .dictionary(let pairs) = value {
        for (key, value) in pairs {
          if let name = key.text ?? key.int.map(String.init) { try walk(value, path + [name]) }
        }
      } else if let stored = try tensor(value, archive, root, bytes.path) {
        // Groups lie above the last key; keys of a state_dict hold dots themselves.
        found[path.joined(separator: "/")] = stored
      }
    }
    try walk(try Unpickler.value(try bytes.slice(member.start, member.length), path: bytes.path), [])
    return found
  }

  private static func tensor(_ value: PickleValue, _ archive: Archive, _ root: String, _ path: String)
    throws(WeightsError) -> StoredTensor?
  {
    guard case .made(let name, let arguments) = value else { return nil }
    switch name {
    case "torch._utils _rebuild_parameter", "torch._utils _rebuild_parameter_with_state":
      return try arguments.first.flatMap { (inner) throws(WeightsError) in try tensor(inner, archive, root, path) }
    case "torch._utils _rebuild_tensor_v2", "torch._utils _rebuild_tensor":
      guard arguments.count >= 4, case .outside(let id) = arguments[0], id.count >= 3, id[0].text == "storage",
        case .global(let storage) = id[1], let key = id[2].text, let offset = arguments[1].int,
        let shape = arguments[2].list?.compactMap(\.int), let strides = arguments[3].list?.compactMap(\.int),
        shape.count == strides.count, offset >= 0, (shape + strides).allSatisfy({ $0 >= 0 })
      else { throw .unreadable(path: path, why: "its pickled directory of tensors is damaged.") }
      guard let kind = kinds[storage.split(separator: " ").last.map(String.init) ?? ""] else {
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
