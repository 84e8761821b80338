import Foundation
import Images
import ProgramSupport
import Storage
import Tensors
import Testing

private let hasNumPy = systemOutput(["python3", "-c", "import numpy"]) != nil

@Suite struct ExportTests {
  private let scratch = Scratch()
  private var file: String { "\(scratch.path)/samples.h5" }

  init() throws {
    let pixels = (0..<5 * 4 * 6 * 3).map { UInt8(truncatingIfNeeded: $0 * 11) }
    try SampleFile.write(
      to: file, .init(pixels: pixels, shape: [5, 4, 6, 3], labels: [0, 1, 0, 1, 1], classNames: ["ä, b", "c"]), seed: 3,
      trajectory: [("shown", Tensor([5, 2], (0..<10).map { Float($0) / 3 }), ["sample", "token"])])
  }

  private func text(_ name: String) throws -> String {
    try String(contentsOfFile: "\(scratch.path)/\(name)", encoding: .utf8)
  }

  @Test("numpy opens an export with names, kinds, shapes and numbers as they were", .enabled(if: hasNumPy))
  func npz() throws {
    let ending = try program(["export", file, "\(scratch.path)/a.npz"])
    #expect(ending.output == "\(scratch.path)/a.npz: 12 arrays\n", "\(ending.output)\(ending.errors)")
    let output = systemOutput([
      "python3", "-c",
      """
      import numpy, zipfile
      assert zipfile.ZipFile('\(scratch.path)/a.npz').testzip() is None
      a = numpy.load('\(scratch.path)/a.npz')
      print(a['images'].dtype, a['images'].shape, a['images'].ravel()[:4].tolist(), a['label'].dtype,
        a['label'].tolist())
      print(a['class_name'].tolist(), a['trajectory/shown'].dtype, a['trajectory/shown'].shape,
        a['trajectory/shown'][4, 1])
      """,
    ])
    #expect(
      output == """
        uint8 (5, 4, 6, 3) [0, 11, 22, 33] int64 [0, 1, 0, 1, 1]
        ['ä, b', 'c'] float32 (5, 2) 3.0

        """)
  }

  @Test("an array's file begins as numpy writes it")
  func npy() throws {
    // numpy.save of numpy.array([1, 2], '<i4'), numpy 1.24: 128 bytes of head, two numbers.
    let reader = try Reader(file), bytes = try #require(NumPyArray(try reader.raw("label"))).bytes
    #expect(bytes.count == 128 + 40 && bytes[..<8].elementsEqual([0x93] + Array("NUMPY".utf8) + [1, 0]))
    let head = "{'descr': '<i8', 'fortran_order': False, 'shape': (5,), }"
    #expect(
      String(decoding: bytes[10..<128], as: UTF8.self) == head + String(repeating: " ", count: 117 - head.count) + "\n")
  }

  @Test("tables share an axis, a matrix has columns, more axes have a row for each number")
  func csv() throws {
    let ending = try program(["export", file, "\(scratch.path)/t.csv"])
    #expect(
      ending.output == """
        \(scratch.path)/t.csv: 5 rows of 3 columns
        along other axes, and left out: /class_name (choose with --dataset)

        """)
    #expect(try text("t.csv") == "sample,label,seed\n0,0,3\n1,1,3\n2,0,3\n3,1,3\n4,1,3\n")
    func exported(_ name: String) throws -> String {
      let ending = try program(["export", file, "\(scratch.path)/one.csv", "--dataset", name])
      return ending.status == 0 ? try text("one.csv") : ending.sentence
    }
    #expect(try exported("class_name") == "class,class_name\n0,\"ä, b\"\n1,c\n")
    #expect(try exported("trajectory/shown").hasPrefix("sample,0,1\n0,0.0,0.33333334\n"))
    #expect(try exported("preview").hasPrefix("row,column,channel,preview\n0,0,red,0\n0,0,green,11\n"))
    #expect(
      try exported("labels")
        == "error: \(file): there is no data set '/labels'. Did you mean 'label'?")
  }

  @Test("metrics become a row for each step, with empty cells where a series has no number")
  func metrics() throws {
    let log = MetricsLog("\(scratch.path)/metrics.h5")
    for step in [10, 20] { try log.append("train", step: step, [("loss", 1 / Double(step))]) }
    try log.append("eval", step: 20, [("FD[x]", 3.25)])
    try log.save()
    #expect(try program(["export", log.path, "\(scratch.path)/m.csv"]).status == 0)
    #expect(try text("m.csv") == "step,train/loss,eval/FD[x]\n10,0.1,\n20,0.05,3.25\n")
  }

  @Test("images become one, a sheet, or a folder of them beside tables and arrays")
  func png() throws {
    #expect(try program(["export", file, "\(scratch.path)/one.png", "--index", "4"]).status == 0)
    let one = try ByteImage.read("\(scratch.path)/one.png")
    #expect(one.pixels == (4 * 72..<5 * 72).map { UInt8(truncatingIfNeeded: $0 * 11) } && one.width == 6)
    #expect(
      try program(["export", file, "\(scratch.path)/one.png", "--index", "5"]).sentence
        == "error: \(file): '/images' has 5 images, counted from 0; there is no 5.")
    #expect(
      try program(["export", file, "\(scratch.path)/grid.png"]).output
        == "\(scratch.path)/grid.png: 5 images of '/images', 3 in a row\n")
    #expect(try program(["export", file, "\(scratch.path)/out/"]).status == 0)
    #expect(
      scratch.content.filter { $0.hasPrefix("out/") && $0.contains(".") } == [
        "out/class.csv", "out/images/0.png", "out/images/1.png", "out/images/2.png", "out/images/3.png",
        "out/images/4.png", "out/preview.png", "out/sample.csv", "out/trajectory/shown.npy",
      ])
    #expect(
      try program(["export", file, "\(scratch.path)/x.jpg"]).sentence
        == "error: \(scratch.path)/x.jpg: '.jpg' is not written; name a .npz, .csv or .png file, or a folder.")
    #expect(
      try program(["export", file, "\(scratch.path)/none/x.npz"]).sentence
        == "error: \(scratch.path)/none/x.npz: it cannot be written: No such file or directory; choose a folder that "
        + "exists and can be written."
    )
  }

  @Test("names that lead out of a folder, are no names there, or become equal, stay inside and apart")
  func hostileNames() throws {
    let names = [
      "../a", "../../etc/b", "c/../../d", ".../e", "\u{1B}[2J", "new\nline", "back\\slash", "back_slash", "C:drive",
      "Case", "case", "CASE-2", String(repeating: "x", count: 300), String(repeating: "x", count: 299) + "y",
      String(repeating: "ä", count: 150), "a\u{202E}b",
    ]
    let hostile = "\(scratch.path)/hostile.h5", inner = "\(scratch.path)/in/out"
    // Matrices: each becomes an array of its own.
    try Writer.replacing(hostile) { file in
      for (index, name) in names.enumerated() { try file.write([index, index], name, shape: [1, 2]) }
    }
    try FileManager.default.createDirectory(atPath: "\(scratch.path)/in", withIntermediateDirectories: true)
    let before = scratch.content
    let ending = try program(["export", hostile, inner])
    #expect(ending.status == 0, "\(ending.errors)")
    let paths = scratch.content.filter { !before.contains($0) && $0 != "in/out" }
    #expect(paths.allSatisfy { $0.hasPrefix("in/out/") })
    let arrays = paths.filter { $0.hasSuffix(".npy") }.map { String($0.dropFirst("in/out/".count)) }
    #expect(arrays.count == names.count && Set(arrays.map { $0.lowercased() }).count == names.count)
    #expect(arrays.joined().unicodeScalars.allSatisfy { $0.value >= 0x20 && $0 != "\\" && $0 != ":" })
    #expect(arrays.contains("_/a.npy") && arrays.contains("_/_/etc/b.npy") && arrays.contains("c/_/_/d.npy"))
    #expect(!ending.output.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" })
    let archive = try program(["export", hostile, "\(scratch.path)/a.npz"])
    #expect(archive.status == 0, "\(archive.errors)")
    let bytes = try Data(contentsOf: URL(fileURLWithPath: "\(scratch.path)/a.npz"))
    #expect(bytes.range(of: Data("_/a.npy".utf8)) != nil && bytes.range(of: Data("../".utf8)) == nil)
  }

  @Test("what is damaged is left out and named, the rest is written, and the exit status is 1")
  func damaged() throws {
    let path = "\(scratch.path)/damaged.h5", values = (0..<4000).map { Float($0) }
    try Writer.replacing(path) { file in
      try file.write(Tensor([4, 1000], values), "chunked", compressed: true)
      try file.write(Tensor([1, 2], [1, 2]), "whole")
    }
    let sound = try program(["export", path, "\(scratch.path)/sound"])
    #expect(sound.status == 0)
    // Bytes of the compressed chunk, which has a check: the end of its deflate stream.
    var data = try Data(contentsOf: URL(fileURLWithPath: path))
    let start = try #require(data.range(of: Data([0x78, 0x5E]))).lowerBound
    for index in start + 40..<start + 60 { data[index] ^= 0xFF }
    try data.write(to: URL(fileURLWithPath: path))
    let ending = try program(["export", path, "\(scratch.path)/rest"])
    #expect(ending.status == 1)
    #expect(
      ending.sentence
        == "error: \(path): 1 object was left out, as unreadable; what could be read is in \(scratch.path)/rest.")
    #expect(ending.output.contains("left out: '/chunked' cannot be read: "), "\(ending.output)")
    #expect(scratch.content.filter { $0.hasPrefix("rest/") && $0.hasSuffix(".npy") } == ["rest/whole.npy"])
  }
}
