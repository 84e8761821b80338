import Foundation

/// A PyTorch checkpoint put together byte by byte: a stored zip of a pickle and storages.
struct Checkpoint {
  var members: [(name: String, content: [UInt8])] = []
  /// True to write sizes and offsets into zip64 fields, as large files have them.
  var isLarge = false

  private func little(_ value: Int, _ size: Int) -> [UInt8] { (0..<size).map { UInt8(value >> (8 * $0) & 255) } }

  /// The zip file.
  var bytes: [UInt8] {
    var file: [UInt8] = [], directory: [UInt8] = []
    for (name, content) in members {
      let offset = file.count, size = content.count, narrow = isLarge ? 0xFFFF_FFFF : size
      let extra = isLarge ? little(1, 2) + little(24, 2) + little(size, 8) + little(size, 8) + little(offset, 8) : []
      file += little(0x0403_4B50, 4) + little(0, 14) + little(size, 4) + little(size, 4) + little(name.utf8.count, 2)
      file += little(0, 2) + Array(name.utf8) + content
      directory += little(0x0201_4B50, 4) + little(0, 16) + little(narrow, 4) + little(narrow, 4)
      directory += little(name.utf8.count, 2) + little(extra.count, 2) + little(0, 2) + little(0, 8)
      directory += little(isLarge ? 0xFFFF_FFFF : offset, 4) + Array(name.utf8) + extra
    }
    let start = file.count
    file += directory
    if isLarge {
      let end = file.count
      file +=
        little(0x0606_4B50, 4) + little(44, 8) + little(0, 12) + little(members.count, 8) + little(members.count, 8)
      file += little(directory.count, 8) + little(start, 8)
      file += little(0x0706_4B50, 4) + little(0, 4) + little(end, 8) + little(1, 4)
    }
    let count = isLarge ? 0xFFFF : members.count
    file += little(0x0605_4B50, 4) + little(0, 4) + little(count, 2) + little(count, 2) + little(directory.count, 4)
    return file + little(isLarge ? 0xFFFF_FFFF : start, 4) + little(0, 2)
  }
}

/// Pickled values, as opcodes.
enum Pickle {
  static func text(_ text: String) -> [UInt8] { [0x8C, UInt8(text.utf8.count)] + Array(text.utf8) }
  static func global(_ module: String, _ name: String) -> [UInt8] { Array("c\(module)\n\(name)\n".utf8) }
  static func tuple(_ items: [[UInt8]]) -> [UInt8] { [0x28] + items.flatMap { $0 } + [0x74] }
  static func int(_ value: Int) -> [UInt8] { [0x4B, UInt8(value)] }
  /// A tensor of a storage, with its shape and strides.
  static func tensor(_ storage: String, key: String, offset: Int = 0, shape: [Int], strides: [Int]) -> [UInt8] {
    let id = tuple([text("storage"), global("torch", storage), text(key), text("cpu"), int(9)]) + [0x51]
    return global("torch._utils", "_rebuild_tensor_v2")
      + tuple([id, int(offset), tuple(shape.map(int)), tuple(strides.map(int)), [0x89], [0x7D]]) + [0x52]
  }
  static func dictionary(_ pairs: [(String, [UInt8])]) -> [UInt8] {
    [0x7D, 0x28] + pairs.flatMap { text($0.0) + $0.1 } + [0x75]
  }
  /// A pickle of protocol 4 in one frame.
  static func whole(_ value: [UInt8]) -> [UInt8] { [0x80, 4, 0x95] + Array(repeating: 0, count: 8) + value + [0x2E] }
}
