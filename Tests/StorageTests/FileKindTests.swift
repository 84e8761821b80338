import Files
import Foundation
import Storage
import Tensors
import Testing

/// The message of the error that a body throws, or "no error".
private func message(_ body: () throws -> some Any) -> String {
  do {
    _ = try body()
    return "no error"
  } catch { return "\(error)" }
}

@Suite struct FileKindTests {
  private static let pixels = [UInt8](repeating: 7, count: 12)

  @Test("images of another shape or type, and labels of another number, are refused")
  func images() throws {
    let folder = Scratch(), path = folder.path + "/x.h5"
    try Writer.replacing(path) { try $0.write(Self.pixels, "images", shape: [2, 2, 3]) }
    #expect(
      message { try ImageFile(path) }
        == "\(path): 'images' holds an array [2, 2, 3] of one grey image a sample, which needs three equal channels; "
        + "it must hold uint8 [sample, row, column, 3] with channels red, green, blue.")
    try Writer.replacing(path) { try $0.write([Float](repeating: 0, count: 12), "images", shape: [1, 2, 2, 3]) }
    #expect(
      message { try ImageFile(path) }
        == "\(path): 'images' holds float32, which need scaling to 0...255 and rounding; it must hold uint8 "
        + "[sample, row, column, 3] with channels red, green, blue.")
    try Writer.replacing(path) { file in
      try file.write(Self.pixels, "images", shape: [1, 2, 2, 3])
      try file.write([0, 1], "label")
    }
    #expect(message { try ImageFile(path) } == "\(path): 'label' has shape [2], not [1].")
    try Writer.replacing(path) { try $0.write([1], "x") }
    #expect(message { try ImageFile(path) } == "\(path): there is no data set 'images'.")
  }

  @Test("images without labels and names are all of the one class 0")
  func bare() throws {
    let folder = Scratch(), path = folder.path + "/x.h5"
    try Writer.replacing(path) { try $0.write(Self.pixels, "images", shape: [1, 2, 2, 3]) }
    let file = try ImageFile(path)
    #expect(file.labels == [0] && file.classNames == ["class 0"])
    #expect(try file.pixels(0..<1) == Self.pixels)
  }

  @Test("samples hold their seeds, settings and trajectory, and the first image by itself")
  func samples() throws {
    let folder = Scratch(), path = folder.path + "/samples.h5", pixels = (0..<24).map { UInt8($0) }
    try SampleFile.write(
      to: path, .init(pixels: pixels, shape: [2, 2, 2, 3], labels: [1, 0], classNames: ["a", "b"]), seed: 7,
      notes: ["guidance=1", "guidance=2"], trajectory: [("shown", Tensor([2, 1], [3, 4]), ["sample", "token"])])
    let reader = try Reader(path)
    #expect(try reader.bytes("images") == pixels && reader.bytes("preview") == Array(pixels[..<12]))
    #expect(try reader.ints("label") == [1, 0] && reader.ints("seed") == [7, 7])
    #expect(try reader.texts("class_name") == ["a", "b"] && reader.texts("setting") == ["guidance=1", "guidance=2"])
    #expect(try reader.floats("trajectory/shown") == [3, 4] && reader.texts("channel") == ["red", "green", "blue"])
    #expect(reader.text(attribute: "file_type") == "samples")
    #expect(reader.text(attribute: "CLASS", of: "preview") == "IMAGE")
  }

  @Test("files of another kind are no latents, and latents must fit their labels")
  func latents() throws {
    let folder = Scratch(), path = folder.path + "/x.h5"
    try Writer.replacing(path) { try $0.write([1], "mean") }
    #expect(message { try LatentFile(path) } == "\(path): this is not a file of latents.")
    func write(_ shape: [Int], labels: [Int]) throws {
      try Writer.replacing(path) { file in
        try file.attribute("file_type", "latents")
        try file.write([Float](repeating: 0, count: shape.reduce(1, *)), "mean", shape: shape)
        try file.write(labels, "label")
      }
    }
    try write([2, 3], labels: [0, 1])
    #expect(message { try LatentFile(path) } == "\(path): 'mean' has shape [2, 3], not [2, 4, 4, 4].")
    try write([2, 1, 1, 3], labels: [0])
    #expect(message { try LatentFile(path) } == "\(path): 'label' has shape [1], not [2].")
    try write([2, 1, 1, 3], labels: [0, 1])
    #expect(try LatentFile(path).form == .init(.values, count: 2, shape: [1, 1, 3], isMirroredToo: false))
  }

  @Test("the bytes of latents count every data set and both orientations")
  func sizes() {
    let gaussians = LatentFile.Form(.gaussians, count: 5, shape: [2, 3, 4], isMirroredToo: true)
    #expect(gaussians.width == 24 && gaussians.bytes == 5 * 24 * 2 * 2 * 4)
    let codes = LatentFile.Form(.codes, count: 5, shape: [2, 3, 4], isMirroredToo: false)
    #expect(codes.width == 6 && codes.bytes == 5 * 6 * 4)
  }

  @Test("a file of another kind is no checkpoint, and a missing parameter is named")
  func checkpoints() throws {
    let folder = Scratch(), path = folder.path + "/x.h5"
    try Writer.replacing(path) { try $0.write([1], "x") }
    #expect(
      message { try Checkpoint(from: path, parameters: [], statistics: []) }
        == "\(path): this is not a checkpoint of Overtone.")
    var checkpoint = Checkpoint()
    checkpoint.model = [("a.weight", Tensor([1], [1]))]
    try checkpoint.write(to: path)
    #expect(
      message { try Checkpoint(from: path, parameters: ["a.bias"], statistics: []) }
        == "\(path): there is no data set 'model/a/bias'.")
  }

  @Test("moments and the discriminator come back with their steps, compressed or not", arguments: [true, false])
  func discriminators(isCompressed: Bool) throws {
    let folder = Scratch(), path = folder.path + "/x.h5"
    var checkpoint = Checkpoint()
    checkpoint.model = [("a", Tensor([2], [1, 2]))]
    checkpoint.means = [("a", Tensor([2], [3, 4]))]
    checkpoint.squares = [("a", Tensor([2], [5, 6]))]
    checkpoint.discriminator = [("d.w", Tensor([1], [7]))]
    checkpoint.discriminatorMeans = [("d.w", Tensor([1], [8]))]
    checkpoint.discriminatorSquares = [("d.w", Tensor([1], [9]))]
    checkpoint.discriminatorUpdates = 11
    try checkpoint.write(to: path, compressed: isCompressed)
    let back = try Checkpoint(from: path, parameters: ["a"], statistics: [], discriminator: ["d.w"])
    #expect(back.means[0].value.scalars == [3, 4] && back.squares[0].value.scalars == [5, 6])
    #expect(back.discriminator[0].value.scalars == [7] && back.discriminatorUpdates == 11)
    #expect(back.discriminatorMeans[0].value.scalars == [8] && back.discriminatorSquares[0].value.scalars == [9])
    #expect(back.average.isEmpty && back.statistics.isEmpty)
  }

  @Test("a log lists its series, and one that was never begun is empty")
  func logs() throws {
    let folder = Scratch(), log = MetricsLog(folder.path + "/metrics.h5")
    #expect(try log.names(in: "train") == [] && log.series("train", "loss").isEmpty)
    try log.rewind("train", to: 3)
    try log.append("train", step: 1, [("loss", 0.5), ("rate", 2)])
    #expect(try log.names(in: "train") == ["loss", "rate"] && log.names(in: "eval") == [])
    #expect(try Reader(log.path).axes(of: "train/loss") == ["loss_step"])
    try log.rewind("train", to: 0)
    #expect(try log.series("train", "loss").isEmpty && log.names(in: "train") == ["loss", "rate"])
    let other = folder.path + "/other.h5"
    try Data("hello".utf8).write(to: URL(fileURLWithPath: other))
    #expect(
      message {
        let log = MetricsLog(other)
        try log.append("train", step: 2, [("loss", 1)])
        try log.save()
      } == "\(other): this is not an HDF5 file.")
  }

  @Test("unfinished latents and checkpoints without counters or parameters are reported")
  func findings() throws {
    let folder = Scratch(), path = folder.path + "/x.h5"
    do {
      let making = try LatentFile.Making(path, .init(.codes, count: 3, shape: [1, 1, 2], isMirroredToo: false))
      try making.append([.codes([4])], labels: [0])
    }
    #expect(try Verification(path + ".part").findings == ["only 1 of 3 rows were written."])
    func findings(counters: [Int]) throws -> [String] {
      try Writer.replacing(path) { file in
        try file.attribute("file_type", "checkpoint")
        try file.write(counters, "cursor/step")
      }
      return try Verification(path).findings
    }
    #expect(try findings(counters: [1]) == ["'/cursor/step' does not say how many steps were taken."])
    #expect(try findings(counters: [1, 1]) == ["there are no parameters in '/model'."])
  }
}

@Suite struct ArchiveTests {
  @Test("an array of numpy has a header of a multiple of 64 bytes, then its numbers")
  func arrays() throws {
    let folder = Scratch(), path = folder.path + "/x.h5"
    try Writer.replacing(path) { file in
      try file.write([1, -1], "ints")
      try file.write([0.1, 1e300] as [Double], "doubles")
      try file.write([0, 255] as [UInt8], "bytes")
    }
    let reader = try Reader(path), ints = try reader.raw("ints")
    #expect(ints.texts == ["1", "-1"] && ints.shape == [2] && ints.kind == .integer(bits: 64))
    #expect(try reader.raw("doubles").texts == ["0.1", "1e+300"] && reader.raw("bytes").texts == ["0", "255"])
    let bytes = try #require(NumPyArray(ints)).bytes
    #expect(Array(bytes[..<8]) == [0x93] + Array("NUMPY".utf8) + [1, 0] && (bytes.count - 16) % 64 == 0)
    let header = String(decoding: bytes[10..<bytes.count - 16], as: UTF8.self)
    #expect(header.hasPrefix("{'descr': '<i8', 'fortran_order': False, 'shape': (2,), }") && header.hasSuffix("\n"))
    #expect(Array(bytes.suffix(16)) == [1] + [UInt8](repeating: 0, count: 7) + [UInt8](repeating: 255, count: 8))
  }

  @Test("texts of numpy are as wide as the longest, four bytes a letter")
  func texts() throws {
    let bytes = try NumPyArray(["a", "bcd"], shape: [2]).bytes
    #expect(String(decoding: bytes[10..<bytes.count - 24], as: UTF8.self).hasPrefix("{'descr': '<U3', "))
    let letters: [UInt8] = [97, 0, 0, 98, 99, 100]
    #expect(Array(bytes.suffix(24)) == letters.flatMap { [$0, 0, 0, 0] })
  }

  @Test("a zip archive is its members, a directory and an end; one that is not finished leaves no file")
  func archives() throws {
    let folder = Scratch(), path = folder.path + "/x.zip"
    do {
      var archive = try ZipArchive(path)
      try archive.add("a.txt", [1, 2, 3])
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
    var archive = try ZipArchive(path)
    try archive.add("a.txt", [1, 2, 3])
    try archive.finish()
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    // A header of 30 bytes, the name and the content; a header of 46 bytes and the name; an end of 22 bytes.
    #expect(bytes.count == 30 + 5 + 3 + 46 + 5 + 22 && Array(bytes[..<4]) == [0x50, 0x4B, 3, 4])
    #expect(Array(bytes[30..<38]) == Array("a.txt".utf8) + [1, 2, 3] && Array(bytes[38..<42]) == [0x50, 0x4B, 1, 2])
    #expect(Array(bytes[89..<93]) == [0x50, 0x4B, 5, 6] && bytes[99] == 1 && bytes[101] == 51 && bytes[105] == 38)
  }

  @Test("a hash does not depend on the pieces that it is fed with, and a file has that of its bytes")
  func hashes() throws {
    let folder = Scratch(), path = folder.path + "/x", text = String(repeating: "abc", count: 100)
    let hash = SHA256()
    let bytes = Array(text.utf8)
    for start in stride(from: 0, to: bytes.count, by: 7) { hash.update(bytes[start..<min(bytes.count, start + 7)]) }
    #expect(hash.hex() == SHA256.hex(of: text))
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    #expect(SHA256.hex(ofFile: path) == SHA256.hex(of: text) && SHA256.hex(ofFile: path + ".none") == nil)
  }
}
