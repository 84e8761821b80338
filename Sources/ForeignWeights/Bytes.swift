import Foundation

/// A file mapped into memory, read as little-endian; reading beyond its end throws.
struct Bytes: Sendable {
  /// The file, as errors name it.
  let path: String
  private let data: Data

  /// Maps a file; a missing file or a folder is refused.
  init(_ path: String) throws(WeightsError) {
    self.path = path
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { throw .missing(path: path) }
    guard !isFolder.boolValue else { throw .unreadable(path: path, why: "this is a folder; name a file of weights.") }
    do { data = try Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped) } catch {
      throw .unreadable(path: path, why: "it cannot be read.")
    }
  }

  /// The size of the file in bytes.
  var count: Int { data.count }

  /// The error of a read beyond the end.
  var cutShort: WeightsError {
    .unreadable(path: path, why: "the file ends before its contents do: it is cut short (an interrupted copy?).")
  }

  /// Copies `length` bytes from offset `start`.
  func slice(_ start: Int, _ length: Int) throws(WeightsError) -> Data {
    guard start >= 0, length >= 0, start <= data.count, length <= data.count - start else { throw cutShort }
    return data.subdata(in: start..<start + length)
  }

  /// Reads an unsigned integer at an offset; one that does not fit `Int` counts as beyond the end.
  func number<Number: FixedWidthInteger>(_ type: Number.Type, at offset: Int) throws(WeightsError) -> Int {
    let size = MemoryLayout<Number>.size
    guard offset >= 0, offset <= data.count - size else { throw cutShort }
    var value: Number = 0
    withUnsafeMutableBytes(of: &value) { _ = data.copyBytes(to: $0, from: offset..<offset + size) }
    guard let whole = Int(exactly: Number(littleEndian: value)) else { throw cutShort }
    return whole
  }
}
