import Files
import Foundation
import Images
import Testing

/// `References/windows.npz`: an image, and windows that Pillow cut from it. `make_windows.py` makes it.
private struct Windows {
  private let directory: ZipDirectory
  private let source: ByteSource

  init() throws {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/References/windows.npz"
    source = try ByteSource(file: path)
    directory = try ZipDirectory(source)
  }

  private func content(_ name: String) throws -> (shape: [Int], bytes: [UInt8]) {
    let bytes = try #require(directory["\(name).npy"]).contents(in: source)
    return (try NumPyBytes(bytes, named: name).shape, bytes)
  }

  func image(_ name: String) throws -> ByteImage {
    let (shape, bytes) = try content(name)
    return ByteImage(height: shape[0], width: shape[1], pixels: Array(bytes.suffix(shape[0] * shape[1] * 3)))
  }

  /// [case, 5]: size, scale, x, y, and 1 for a window of the central square.
  func cases() throws -> [[Double]] {
    let (shape, bytes) = try content("cases"), width = shape[1]
    // int64, in thousandths.
    let numbers = bytes.suffix(shape[0] * width * 8).withUnsafeBytes { raw in
      (0..<shape[0] * width).map { Double(raw.loadUnaligned(fromByteOffset: $0 * 8, as: Int64.self)) / 1000 }
    }
    return (0..<shape[0]).map { Array(numbers[$0 * width..<($0 + 1) * width]) }
  }
}

@Suite struct WindowTests {
  @Test("a window is, byte for byte, the one that Pillow cuts from the same resized image")
  func windows() throws {
    let windows = try Windows(), original = try windows.image("original"), cases = try windows.cases()
    #expect(cases.count == 14)
    for (index, numbers) in cases.enumerated() {
      let image = original.cropped(
        to: Int(numbers[0]), scale: Double(Float(numbers[1])), x: numbers[2], y: numbers[3], isInSquare: numbers[4] == 1
      )
      #expect(image == (try windows.image("window\(index)")), "\(numbers)")
    }
  }

  @Test("the positions of a window have equal parts of [0, 1], and the middle leaves half of the slack in front")
  func positions() {
    // Columns 0 to 7 of an image of 4x8: a window of 4 starts at 0 to 4.
    let original = ByteImage(height: 4, width: 8, pixels: (0..<32).flatMap { [UInt8($0 % 8), 0, 0] })
    let starts = (0..<1000).map { original.cropped(to: 4, x: (Double($0) + 0.5) / 1000).pixels[0] }
    #expect((0...4).map { start in starts.filter { $0 == start }.count } == [200, 200, 200, 200, 200])
    #expect([0, 0.5, 1].map { original.cropped(to: 4, x: $0).pixels[0] } == [0, 2, 4])
    #expect(original.cropped(to: 4, x: 1, isInSquare: true).pixels[0] == 2)
  }
}
