import Files

/// The format of `torch.save` since PyTorch 1.6: a zip of one pickle, `data.pkl`, and one member per storage.
struct TorchArchive {
  private static let kinds: [String: ScalarKind] = [
    "DoubleStorage": .float64, "FloatStorage": .float32, "HalfStorage": .float16, "BFloat16Storage": .bfloat16,
    "LongStorage": .int64, "IntStorage": .int32, "ShortStorage": .int16, "CharStorage": .int8, "ByteStorage": .uint8,
    "BoolStorage": .bool,
  ]
  /// Dictionaries within dictionaries, and bytes of names and visits of values (64 each), that are searched.
  private static let depthLimit = 32, searchLimit = 64 << 20
  /// Bytes of tensors as Float32 for each byte of the file, and besides: tensors that share a storage (tied weights,
  /// strides of 0) take more memory than disk.
  private static let expansionLimit = (factor: 16, constant: 64 << 20)

  /// Returns all tensors by group and name, "model_ema/blocks.0.norm.weight"; values that are no tensors are skipped.
  static func entries(_ source: ByteSource) throws(WeightsError) -> [String: StoredTensor] {
    let archive: ZipDirectory
    do throws(FileError) { archive = try ZipDirectory(source) } catch { throw WeightsError(error) }
    if let member = archive.members.first(where: { $0.method != 0 }) {
      throw .unreadable(
        path: source.name,
        why: "'\(member.name)' is compressed, which torch.save does not do; save the weights again.")
    }
    guard let directory = archive.members.first(where: { $0.name == "data.pkl" || $0.name.hasSuffix("/data.pkl") })
    else { throw .unreadable(path: source.name, why: "this zip file holds no PyTorch checkpoint.") }
    let root = String(directory.name.dropLast("data.pkl".count))
    if let order = archive[root + "byteorder"],
      try source.weights(at: order.start, count: min(3, order.count)).elementsEqual("big".utf8)
    {
      throw .unreadable(path: source.name, why: "its numbers are big-endian; save it on a little-endian machine.")
    }
    let pickle = try Unpickler.values(source, at: directory.start, count: directory.count)
    var reader = TorchArchive(archive: archive, root: root, source: source, pickle: pickle)
    try reader.collect(pickle.root, named: "", depth: 0)
    return reader.found
  }

  /// The zip members of a checkpoint, the prefix of their names, and the file.
  private let archive: ZipDirectory, root: String, source: ByteSource
  private let pickle: Pickle
  private var found: [String: StoredTensor] = [:]
  /// Bytes of all tensors as Float32, and of the names and visits of the search so far.
  private var floatBytes = 0, searched = 0

  private init(archive: ZipDirectory, root: String, source: ByteSource, pickle: Pickle) {
    (self.archive, self.root, self.source, self.pickle) = (archive, root, source, pickle)
  }

  private var damaged: WeightsError {
    .unreadable(path: source.name, why: "its pickled directory of tensors is damaged.")
  }

  /// Searches a value, and the values of a dictionary, for tensors. Keys above the last one are groups, set off by a
  /// slash; keys of a state_dict contain dots themselves.
  private mutating func collect(_ value: Pickle.Index, named name: String, depth: Int) throws(WeightsError) {
    searched += 64 + name.utf8.count
    guard depth <= Self.depthLimit, searched <= Self.searchLimit else {
      throw .unreadable(
        path: source.name,
        why: "its dictionaries hold one another more than \(Self.depthLimit) deep, or too often; save a state_dict."
      )
    }
    if pickle[value].kind == .dictionary {
      let items = pickle[value].items
      for index in stride(from: 0, to: items.count, by: 2) {
        guard let key = pickle.text(items[index]) ?? pickle.int(items[index]).map({ "\($0)" }) else { continue }
        try collect(items[index + 1], named: depth == 0 ? key : "\(name)/\(key)", depth: depth + 1)
      }
    } else if let stored = try tensor(value) {
      guard found.updateValue(stored, forKey: name) == nil else {
        throw .unreadable(path: source.name, why: "it holds two tensors of the name '\(name)'.")
      }
      let limit = min(source.count, 1 << 50) * Self.expansionLimit.factor + Self.expansionLimit.constant
      guard let bytes = stored.floatBytes, bytes <= limit - floatBytes else {
        throw .unreadable(
          path: source.name,
          why: "with '\(name)', of shape \(stored.shape), its tensors are more than \(Self.expansionLimit.factor) "
            + "times as large as the file; save tensors without strides of 0.")
      }
      floatBytes += bytes
    }
  }

  /// Returns the tensor that a pickled call rebuilds; nil if the value is no tensor.
  private func tensor(_ value: Pickle.Index) throws(WeightsError) -> StoredTensor? {
    var value = value
    // A parameter of a parameter exists in no checkpoint; 8 is far more than is needed.
    for _ in 0..<8 {
      guard pickle[value].kind == .object else { return nil }
      let arguments = pickle.arguments(value)
      switch pickle[value].text {
      case "torch._utils _rebuild_parameter", "torch._utils _rebuild_parameter_with_state":
        guard let inner = arguments.first else { return nil }
        value = inner
      case "torch._utils _rebuild_tensor_v2", "torch._utils _rebuild_tensor": return try stored(arguments)
      default: return nil
      }
    }
    throw damaged
  }

  /// Returns the tensor of a storage, an offset, a shape and strides.
  private func stored(_ arguments: [Pickle.Index]) throws(WeightsError) -> StoredTensor {
    guard arguments.count >= 4, pickle[arguments[0]].kind == .external,
      case let id = pickle.arguments(arguments[0]), id.count >= 3, pickle.text(id[0]) == "storage",
      pickle[id[1]].kind == .global, let key = pickle.text(id[2]), let offset = pickle.int(arguments[1]),
      let shape = pickle.ints(arguments[2], limit: StoredTensor.axisLimit),
      let strides = pickle.ints(arguments[3], limit: StoredTensor.axisLimit), shape.count == strides.count
    else { throw damaged }
    let storage = pickle[id[1]].text
    guard let kind = Self.kinds[storage.split(separator: " ").last.map(String.init) ?? ""] else {
      throw .unreadable(
        path: source.name, why: "a tensor lies in a \(storage); save it as float32, float16 or bfloat16.")
    }
    guard let member = archive[root + "data/" + key] else {
      throw .unreadable(path: source.name, why: "the storage '\(key)' of a tensor is not in the file.")
    }
    guard
      let stored = StoredTensor(
        kind: kind, shape: shape, strides: strides, offset: offset, in: member.start..<member.start + member.count)
    else {
      throw .unreadable(
        path: source.name, why: "a tensor of shape \(shape) reaches beyond its storage '\(key)'.")
    }
    return stored
  }
}
