import Foundation

/// The safetensors format: the length of a JSON header (8 bytes), the header, then the scalars.
///
/// The header maps names to `{"dtype": "F32", "shape": [..], "data_offsets": [begin, end]}`, with offsets from the end
/// of the header; `__metadata__` holds strings and is skipped.
enum Safetensors {
  private struct Header: Decodable {
    var entries: [String: Entry] = [:]

    struct Entry: Decodable {
      let dtype: String, shape: [Int], offsets: [Int]

      enum CodingKeys: String, CodingKey {
        case dtype, shape
        case offsets = "data_offsets"
      }
    }

    init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: Name.self)
      for key in container.allKeys where key.stringValue != "__metadata__" {
        entries[key.stringValue] = try container.decode(Entry.self, forKey: key)
      }
    }
  }

  private struct Name: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  private static let kinds: [String: ScalarKind] = [
    "F64": .float64, "F32": .float32, "F16": .float16, "BF16": .bfloat16, "I64": .int64, "I32": .int32, "I16": .int16,
    "I8": .int8, "U8": .uint8, "BOOL": .bool,
  ]

  /// Returns all tensors by name.
  static func entries(_ bytes: Bytes) throws(WeightsError) -> [String: StoredTensor] {
    let length = try bytes.number(UInt64.self, at: 0), text = try bytes.slice(8, length)
    guard let header = try? JSONDecoder().decode(Header.self, from: text) else {
      throw .unreadable(path: bytes.path, why: "its safetensors header is damaged.")
    }
    var found: [String: StoredTensor] = [:]
    for (name, entry) in header.entries {
      guard let kind = kinds[entry.dtype] else {
        throw .unreadable(
          path: bytes.path, why: "'\(name)' holds numbers of kind \(entry.dtype); save it as F32, F16 or BF16.")
      }
      guard entry.offsets.count == 2, entry.offsets.allSatisfy({ (0...bytes.count).contains($0) }),
        let span = StoredTensor.span(entry.shape, StoredTensor.rowMajorStrides(entry.shape)),
        entry.offsets[1] - entry.offsets[0] == kind.size * span
      else { throw .unreadable(path: bytes.path, why: "'\(name)' has a shape that does not fit its bytes.") }
      found[name] = StoredTensor(kind: kind, shape: entry.shape, start: 8 + length + entry.offsets[0])
    }
    return found
  }
}
