import Files
import Foundation
import Images
import ProgramSupport
import Testing

@Suite struct LabelledImagesTests {
  private let scratch = Scratch()

  private func add(_ path: String, _ bytes: [UInt8]? = nil) throws {
    let url = URL(fileURLWithPath: "\(scratch.path)/\(path)")
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes ?? Archives.image()).write(to: url)
  }

  /// The sentence without the path in front; nil if the images are found and read.
  private func refusal(_ images: () throws -> LabelledImages) -> String? {
    do {
      let images = try images()
      for index in images.entries.indices { _ = try images.image(index) }
      return nil
    } catch { return "\(error)".replacing("\(scratch.path)/", with: "") }
  }

  @Test("folders are classes, a flat folder is one, and what is left out is named and counted in a line")
  func folders() throws {
    for path in ["in/b/2.png", "in/b/1.JFIF", "in/a/x/y.PNG", "in/a/z.jpeg"] { try add(path) }
    for path in ["in/a/1.webp", "in/a/2.webp", "in/b/notes", "in/.DS_Store", "in/loose.png"] { try add(path) }
    #expect(mkfifo("\(scratch.path)/in/a/pipe.png", 0o600) == 0)
    for (link, target) in [("in/a/loop", ".."), ("in/a/self", "self"), ("in/b/none.png", "/nowhere")] {
      #expect(symlink(target, "\(scratch.path)/\(link)") == 0)
    }
    let images = try LabelledImages.found(at: "\(scratch.path)/in/")
    #expect(images.classNames == ["a", "b"])
    #expect(images.entries.map(\.source) == ["a/x/y.PNG", "a/z.jpeg", "b/1.JFIF", "b/2.png"])
    let leftOut = try #require(images.leftOut)
    for part in [
      "2 .webp (a/1.webp, …)", "folder linked twice (a/loop)", "pipe (", "broken link (", "hidden (",
      "without an ending (b/notes", "(loose.png)",
    ] {
      #expect(leftOut.contains(part), "\(part) in \(leftOut)")
    }
    try add("flat/2.png")
    try add("flat/1.png")
    let flat = try LabelledImages.found(at: "\(scratch.path)/flat")
    #expect(flat.classNames == ["flat"] && flat.entries.map(\.source) == ["1.png", "2.png"] && flat.leftOut == nil)
  }

  @Test("an empty class folder and a folder without images are refused, by name")
  func empty() throws {
    try add("in/a/1.png")
    try add("in/b/notes.txt")
    try FileManager.default.createDirectory(atPath: "\(scratch.path)/in/c", withIntermediateDirectories: true)
    #expect(
      refusal { try .found(at: "\(scratch.path)/in") }
        == "in: there are class folders without a PNG or JPEG image: b, c; remove them, or add images.")
    #expect(
      refusal { try .found(at: "\(scratch.path)/in/b") }
        == "in/b: there are no class folders in it; it should hold CLASS/image.png or .jpg.")
    #expect(
      refusal { try .found(at: "\(scratch.path)/none") }
        == "none: there is no such folder; name one that holds a folder of images per class.")
    try add("text", Array("hello".utf8))
    #expect(
      refusal { try .found(at: "\(scratch.path)/text") }
        == "text: this is neither a folder nor an archive .npz or .tar: name one of them.")
    #expect(refusal { try .found(at: "/dev/zero") } == "/dev/zero: this is a device, not a file.")
  }

  @Test("images of a tar archive are those of its folders, with ustar's, pax's and GNU's long names")
  func tar() throws {
    let image = try Archives.image(), long = String(repeating: "x", count: 120)
    func pax(_ record: String) -> String {
      // The length counts itself: here three digits, a space and the end of the line.
      let count = record.utf8.count + 5
      return "\(count) \(record)\n"
    }
    let record = Array(pax("path=set/b/\(long).png").utf8), name = Array("set/c/\(long).png\u{0}".utf8)
    var archive = Archives.header("set/", count: 0, kind: "5")
    func add(_ name: String, _ bytes: [UInt8], _ kind: String) {
      archive += Archives.header(name, count: bytes.count, kind: kind) + Archives.padded(bytes)
    }
    add("./set/a/1.png", image, "0")
    add("pax", record, "x")
    add("short", image, "0")
    add("long", name, "L")
    add("short", image, "0")
    archive += Archives.tar([("set/a/link.png", [])], kind: "2")
    let images = try LabelledImages.tar(ByteSource(archive, named: "set.tar"))
    #expect(images.classNames == ["a", "b", "c"] && images.entries.map(\.label) == [0, 1, 2])
    #expect(images.entries.map(\.source) == ["set/a/1.png", "set/b/\(long).png", "set/c/\(long).png"])
    #expect(images.leftOut == "1 link or device (set/a/link.png)" && refusal { images } == nil)
    let flat = try LabelledImages.tar(ByteSource(Archives.tar([("1.png", image)]), named: "in/flat.tar"))
    #expect(flat.classNames == ["flat"])
  }

  @Test("a tar archive with a path that leaves it, or that is damaged, is refused", arguments: ["0", "5", "2"])
  func hostile(_ kind: String) throws {
    func refused(_ bytes: [UInt8]) -> String? { refusal { try .tar(ByteSource(bytes, named: "a.tar")) } }
    for name in ["../x.png", "/etc/x.png", "a/../../x.png", "a/.."] {
      #expect(
        refused(Archives.tar([(name, [])], kind: kind))
          == "a.tar: '\(name)' would leave the archive's folder; nothing of it is read.")
    }
    #expect(refused(Array(repeating: 7, count: 600)) == "a.tar: this is no tar archive.")
    let image = try Archives.image(), whole = Archives.tar([("c/1.png", image)])
    #expect(
      refused(Array(whole[..<520]))
        == "a.tar: the file ends before its contents do: it is cut short (an interrupted copy?).")
    #expect(
      refused(Archives.tar([("c/1.txt", image)]))
        == "a.tar: there are no PNG or JPEG images in it; it should hold CLASS/image.png.")
    #expect(
      refused(Archives.tar([("c/1.png", Array("hello".utf8))]))
        == "a.tar/c/1.png: this is neither a PNG nor a JPEG image.")
  }

  @Test("images and labels of numpy's archives are read, whatever the names, versions and byte orders are")
  func numPy() throws {
    let images = try LabelledImages.numPy(ByteSource(Archives.numPy(), named: "a.npz"))
    #expect(images.entries.map(\.label) == [1, 0] && images.classNames == ["class 0", "class 1"])
    #expect(try images.image(1) == ByteImage(height: 1, width: 2, pixels: [7, 8, 9, 10, 11, 12]))
    let unnamed = Archives.zip([
      ("arr_0.npy", Archives.array("'<u1'", "(1, 1, 1, 3)", [1, 2, 3], version: 3)),
      ("arr_1.npy", Archives.array("'>i2'", "(1,)", [0, 3])),
    ])
    #expect(try LabelledImages.numPy(ByteSource(unnamed, named: "a.npz")).entries.map(\.label) == [3])
  }

  @Test("arrays of another kind, shape or order are refused, and Python objects are never loaded")
  func arrays() throws {
    func refused(_ images: [UInt8], _ labels: [UInt8]? = nil) -> String? {
      let members = [("images.npy", images)] + (labels.map { [("label.npy", $0)] } ?? [])
      return refusal { try .numPy(ByteSource(Archives.zip(members), named: "a.npz")) }
    }
    let good = Archives.array("'|u1'", "(1, 1, 1, 3)", [1, 2, 3])
    let cases: [([UInt8], String)] = [
      (
        Archives.array("'|O'", "(1,)", Array(repeating: 0, count: 8)),
        "it holds Python objects, which are pickled and never loaded; save an array of integers."
      ),
      (
        Archives.array("'<f4'", "(1, 1, 1, 3)", Array(repeating: 0, count: 12)),
        "it holds <f4, not integers; images are uint8, labels integers."
      ),
      (
        Archives.array("'|u1'", "(1, 1, 1, 3)", [1, 2, 3], order: "True"),
        "it is in Fortran order; save np.ascontiguousarray of it."
      ), (Archives.array("'|u1'", "(2, 1, 1, 3)", [1, 2, 3]), "its shape is [2, 1, 1, 3] of |u1, and it has 3 bytes."),
      (
        Archives.array("'|u1'", "(1, 3, 1, 1)", [1, 2, 3]),
        "its shape is [1, 3, 1, 1] of |u1; images are uint8 [n, height, width, 3]; its channels come first, "
          + "transpose(0, 2, 3, 1) moves them."
      ), (Array(good[..<20]), "this is no array of numpy, or its header is damaged."),
      (
        Archives.array("'|u1'", "(4611686018427387904, 8, 1, 3)", [1]),
        "its shape is [4611686018427387904, 8, 1, 3] of |u1, and it has 1 bytes."
      ),
    ]
    for (bytes, sentence) in cases { #expect(refused(bytes) == "a.npz/images.npy: \(sentence)") }
    #expect(
      refused(good, Archives.array("'|i1'", "(1,)", [255]))
        == "a.npz/label.npy: the label is -1 in row 0; labels are numbers of classes from 0 to 999999.")
    #expect(
      refused(good, Archives.array("'|i1'", "(2,)", [0, 0]))
        == "a.npz/label.npy: its shape is [2] of |i1; labels are integers [1].")
    #expect(
      refusal { try .numPy(ByteSource(Archives.zip([("x.npy", good)]), named: "a.npz")) }
        == "a.npz: there is no array 'images' or 'arr_0' in it, only 'x.npy'.")
  }
}
