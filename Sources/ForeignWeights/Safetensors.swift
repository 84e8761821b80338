import Files

/// The safetensors format: the length of a JSON header (8 bytes), the header, then the scalars.
///
/// The header maps names to `{"dtype": "F32", "shape": [..], "data_offsets": [begin, end]}`, with offsets from the end
/// of the header. As its reference reader demands (huggingface/safetensors, `tensor.rs`), the header has at most
/// 100,000,000 bytes, no name occurs twice, and the tensors fill the rest of the file without gaps or overlaps.
enum Safetensors {
  private static let headerLimit = 100_000_000
  private static let kinds: [String: ScalarKind] = [
    "F64": .float64, "F32": .float32, "F16": .float16, "BF16": .bfloat16, "I64": .int64, "I32": .int32, "I16": .int16,
    "I8": .int8, "U8": .uint8, "BOOL": .bool,
  ]

  /// Returns all tensors by name.
  static func entries(_ source: ByteSource) throws(WeightsError) -> [String: StoredTensor] {
    let prefix = try source.weights(at: 0, count: 8)
    let declared = prefix.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard let length = Int(exactly: declared), length <= source.count - 8 else { throw WeightsError(source.cutShort) }
    guard length <= headerLimit else {
      throw .unreadable(path: source.name, why: "its header has \(length) bytes; safetensors allows \(headerLimit).")
    }
    var header = SafetensorsHeader(try source.weights(at: 8, count: length), path: source.name)
    let data = 8 + length..<source.count
    var found: [String: StoredTensor] = [:], spans: [(name: String, begin: Int, end: Int)] = []
    for entry in try header.entries() {
      guard let kind = kinds[entry.dtype] else {
        throw .unreadable(
          path: source.name, why: "'\(entry.name)' holds numbers of kind \(entry.dtype); save it as F32, F16 or BF16.")
      }
      guard entry.begin <= data.count, entry.end <= data.count else { throw WeightsError(source.cutShort) }
      guard entry.begin <= entry.end, entry.shape.count <= StoredTensor.axisLimit,
        Extent(entry.shape)?.bytes(elementSize: kind.size) == entry.end - entry.begin,
        let tensor = StoredTensor(
          kind: kind, shape: entry.shape, strides: nil, offset: 0,
          in: data.lowerBound + entry.begin..<data.lowerBound + entry.end)
      else { throw .unreadable(path: source.name, why: "'\(entry.name)' has a shape that does not fit its bytes.") }
      guard found.updateValue(tensor, forKey: entry.name) == nil else {
        throw .unreadable(path: source.name, why: "its header names '\(entry.name)' twice.")
      }
      spans.append((entry.name, entry.begin, entry.end))
    }
    spans.sort { ($0.begin, $0.end) < ($1.begin, $1.end) }
    var end = 0
    for span in spans {
      guard span.begin == end else {
        throw .unreadable(
          path: source.name,
          why: "the bytes of '\(span.name)' begin at \(span.begin), but those before end at \(end); safetensors has no "
            + "gaps and no overlaps.")
      }
      end = span.end
    }
    guard end == data.count else {
      throw .unreadable(path: source.name, why: "\(data.count - end) bytes follow its last tensor, which none may.")
    }
    return found
  }
}
