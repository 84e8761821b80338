import Foundation

/// A file mapped into memory, read little-endian; whatever lies beyond its end is an error, never a crash.
struct Bytes: Sendable {
  let path: String
  private let data: Data

  init(_ path: String) throws(WeightsError) {
    self.path = path
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { throw .missing(path: path) }
    guard !isFolder.boolValue else { throw .unreadable(path: path, why: "this is a folder; name a file of weights.") }
    do { data = try Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped) } catch {
      throw .unreadable(path: path, why: "it cannot be read.")
    }
  }

  var count: Int { data.count }

  var cutShort: WeightsError {
    .unreadable(path: path, why: "the file ends before its contents do: it is cut short (an interrupted copy?).")
  }

  func slice(_ start: Int, _ length: Int) throws(WeightsError) -> Data {
    guard start >= 0, length >= 0, start <= data.count, length <= data.count - start else { throw cutShort }
    return data.subdata(in: start..<start + length)
  }

  func number<Number: FixedWidthInteger>(_ type: Number.Type, at offset: Int) throws(WeightsError) -> Int {
    let size = MemoryLayout<Number>.size
    guard offset >= 0, offset <= data.count - size else { throw cutShort }
    var value: Number = 0
    withUnsafeMutableBytes(of: &value) { _ = data.copyBytes(to: $0, from: offset..<offset + size) }
    guard let whole = Int(exactly: Number(littleEndian: value)) else { throw cutShort }
    return whole
  }
}
