import Autoregression
import Files
import Foundation
import Images
import Settings
import Storage
import Tensors
import Testing

private func opened(_ yaml: String) throws -> any ImageDataset {
  var settings = try Settings(parsing: yaml, file: "data.yaml")
  let type = try Registry.linked().find("dataset", &settings, as: (any ImageDataset.Type).self)
  var dataset = try type.init(&settings)
  try settings.finish()
  try dataset.open()
  return dataset
}

private func refusal(_ yaml: String) -> String {
  do { _ = try opened(yaml) } catch { return "\(error)" }
  return "no error"
}

/// A folder that is removed with it.
private final class Temporary {
  let path = NSTemporaryDirectory() + "overtone-streaming-\(UUID().uuidString)"
  deinit { try? FileManager.default.removeItem(atPath: path) }

  func image(_ index: Int) -> ByteImage {
    ByteImage(height: 5, width: 7, pixels: (0..<105).map { UInt8(truncatingIfNeeded: $0 * (index + 3) + index) })
  }

  func write(_ name: String, _ bytes: [UInt8]) throws {
    let url = URL(fileURLWithPath: "\(path)/\(name)")
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: url)
  }

  /// A tar archive of files.
  func tar(_ name: String, _ members: [(String, [UInt8])]) throws {
    var bytes: [UInt8] = []
    for (member, content) in members {
      var header = [UInt8](repeating: 0, count: 512)
      func put(_ text: String, _ offset: Int) { for (i, byte) in text.utf8.enumerated() { header[offset + i] = byte } }
      put(member, 0)
      put("0000644\0", 100)
      let size = String(content.count, radix: 8)
      put(String(repeating: "0", count: 11 - size.count) + size + "\0", 124)
      put("        0", 148)
      put("ustar\u{0}00", 257)
      let sum = String(header.reduce(0) { $0 + Int($1) }, radix: 8)
      put(String(repeating: "0", count: 6 - sum.count) + sum + "\0 ", 148)
      bytes += header + content + [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
    }
    try write(name, bytes + [UInt8](repeating: 0, count: 1024))
  }
}

private let windows = [
  Augmentation.none, .flipped, Augmentation(scale: 1.5, x: 0.2, y: 1, isFlipped: true), Augmentation(x: 1),
]

@Suite struct StreamingTests {
  @Test("a folder gives the same images from memory, from files, from an archive and from several")
  func folder() throws {
    let temporary = Temporary(), names = ["a/0.png", "a/1.png", "b/0.png", "b/1.png", "b/2.png"]
    let files = try names.enumerated().map { ($1, try #require(temporary.image($0).png)) }
    for (name, bytes) in files { try temporary.write("folder/\(name)", bytes) }
    try temporary.tar("one.tar", files)
    try temporary.tar("shards/x-08.tar", Array(files[..<3]))
    try temporary.tar("shards/x-09.tar", Array(files[3...]))
    func dataset(_ path: String, _ memory: Int) throws -> any ImageDataset {
      try opened("{ use: image-folder, path: '\(temporary.path)/\(path)', size: 4, classes: 2, memory: \(memory) }")
    }
    let held = try dataset("folder", 1), rows = [4, 0, 3, 1]
    #expect(!held.isStreamed && held.memoryLimit == 1_000_000)
    let expected = try held.batch(rows, augmented: windows)
    for path in ["folder", "one.tar", "shards", "shards/x-{08..09}.tar"] {
      for memory in [0, 1] {
        let streamed = try dataset(path, memory), batch = try streamed.batch(rows, augmented: windows)
        #expect(streamed.isStreamed == (memory == 0) && streamed.count == 5 && streamed.classNames == ["a", "b"])
        #expect(batch.images.scalars == expected.images.scalars && batch.labels == expected.labels, "\(path)")
      }
    }
    #expect(try dataset("one.tar", 0).files == ["\(temporary.path)/one.tar"])
    #expect(try dataset("shards", 0).files == ["08", "09"].map { "\(temporary.path)/shards/x-\($0).tar" })
    #expect(
      refusal("{ use: image-folder, path: '\(temporary.path)/shards/x-{09..10}.tar', size: 4, classes: 2 }")
        == "\(temporary.path)/shards/x-10.tar: there is no such file.")
  }

  @Test("an image that cannot be read is found when it is needed, where the set does not fit into memory")
  func bad() throws {
    let temporary = Temporary()
    try temporary.write("a/0.png", #require(temporary.image(0).png))
    try temporary.write("a/1.png", Array("hello".utf8))
    let dataset = try opened("{ use: image-folder, path: \(temporary.path), size: 4, classes: 1, memory: 0 }")
    #expect(try dataset.batch([0]).labels == [0])
    let error = #expect(throws: DataError.self) { try dataset.batch([0, 1]) }
    #expect(
      error?.description
        == "\(temporary.path)/a/1.png: this is neither a PNG nor a JPEG image; replace or remove the image.")
  }

  @Test("folders 'train' and 'val' are the two splits; another folder beside them is left out, and said")
  func splits() throws {
    let temporary = Temporary()
    for (index, name) in ["val/b/0", "train/a/1", "train/b/0", "val/a/0", "train/a/0", "test/a/9"].enumerated() {
      try temporary.write("\(name).png", #require(temporary.image(index).png))
    }
    let yaml = "{ use: image-folder, path: \(temporary.path), size: 4, classes: 2 }"
    let dataset = try opened(yaml)
    #expect(dataset.count == 5 && dataset.heldOutRows == 3..<5 && dataset.classNames == ["a", "b"])
    #expect(try dataset.batch([0, 1, 2, 3, 4]).labels == [0, 0, 1, 0, 1])
    #expect(
      dataset.files.map { $0.dropFirst(temporary.path.count + 1) } == [
        "train/a/0.png", "train/a/1.png", "train/b/0.png", "val/a/0.png", "val/b/0.png",
      ])
    #expect(dataset.notes == ["\(temporary.path): left out the folder 'test' beside 'val'"])
    try temporary.write("val/c/0.png", #require(temporary.image(0).png))
    #expect(
      refusal(yaml)
        == "\(temporary.path): 'train' and 'val' must hold the same class folders, and only one of them holds c.")
  }

  @Test("a file of images is read by blocks where it does not fit into memory, and keeps its splits")
  func hdf5() throws {
    let temporary = Temporary()
    try temporary.write("x", [])
    let path = "\(temporary.path)/images.h5", count = 700
    try ImageFile.write(
      to: path,
      .init(
        height: 24, width: 24, labels: (0..<count).map { $0 % 2 }, classNames: ["a", "b"],
        sources: Array(repeating: "", count: count), heldOut: 600..<count)
    ) { index in (0..<1728).map { UInt8(truncatingIfNeeded: $0 &* index) } }
    func dataset(_ memory: Int) throws -> any ImageDataset {
      try opened("{ use: hdf5, path: \(path), size: 16, classes: 2, memory: \(memory) }")
    }
    let held = try dataset(2), streamed = try dataset(0), rows = [699, 0, 350, 151]
    #expect(!held.isStreamed && streamed.isStreamed && (2...200).contains(streamed.rowsReadTogether))
    #expect(held.rowsReadTogether == streamed.rowsReadTogether)
    #expect(held.heldOutRows == 600..<count && streamed.heldOutRows == 600..<count)
    let batches = try [held, streamed].map { try $0.batch(rows, augmented: windows) }
    #expect(batches[0].images.scalars == batches[1].images.scalars && batches[0].labels == batches[1].labels)
  }
}
