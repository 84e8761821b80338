import Foundation
import Images
import ProgramSupport
import Testing

/// A small disk of its own, where this program may make one.
private final class Disk {
  let scratch = Scratch()
  let isMounted: Bool

  init(kilobytes: Int) {
    isMounted = Self.run(["mount", "-t", "tmpfs", "-o", "size=\(kilobytes)k", "tmpfs", scratch.path])
  }
  deinit { if isMounted { _ = Self.run(["umount", scratch.path]) } }

  private static func run(_ words: [String]) -> Bool {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = words
    (process.standardOutput, process.standardError) = (FileHandle.nullDevice, FileHandle.nullDevice)
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
  }

  static let canBeBuilt = Disk(kilobytes: 64).isMounted
}

@Suite(.serialized) struct MistakeTests {
  private let scratch = Scratch()
  private var path: String { scratch.path }

  /// Expects one sentence, with status 1 and no results.
  private func expect(_ sentence: String, from arguments: [String], limit: Int? = nil) throws {
    let ending = try program(arguments, limit: limit)
    #expect(ending.status == 1 && ending.sentence == "error: \(sentence)", "\(arguments)\n\(ending)")
  }

  private func noise(_ side: Int, _ seed: UInt32) -> ByteImage {
    var state = seed
    return ByteImage(
      height: side, width: side,
      pixels: (0..<side * side * 3).map { _ in
        state = state &* 1_664_525 &+ 1_013_904_223
        return UInt8(state >> 24)
      })
  }

  @Test("files of images that are missing, empty, cut short or something else are reported in one sentence")
  func files() throws {
    try scratch.write("", "empty.h5")
    try scratch.write("hello", "text.h5")
    try FileManager.default.createDirectory(atPath: "\(path)/good/a", withIntermediateDirectories: true)
    for i in 0..<4 { try noise(32, UInt32(i)).writePNG(to: "\(path)/good/a/\(i).png") }
    #expect(try program(["data", "import", "\(path)/good", "\(path)/good.h5"]).status == 0)
    let whole = try Data(contentsOf: URL(fileURLWithPath: "\(path)/good.h5"))
    try whole[..<(whole.count / 2)].write(to: URL(fileURLWithPath: "\(path)/cut.h5"))
    let cut =
      "HDF5 cannot open it: it is cut short (an interrupted copy?), or written in a newer format "
      + "(re-save it in h5py with libver='earliest')."
    for (name, why) in [
      ("empty", "the file is empty."), ("text", "this is not an HDF5 file."), ("cut", cut),
    ] {
      try expect("\(path)/\(name).h5: \(why)", from: ["inspect", "\(path)/\(name).h5"])
      try expect("\(path)/\(name).h5: \(why)", from: run("hdf5", "\(name).h5", classes: 1))
    }
    try expect("\(path)/none.h5: there is no such file.", from: ["inspect", "\(path)/none.h5"])
    try expect("\(path): this is not a file; name an HDF5 file.", from: ["inspect", path])
    try expect(
      "\(path)/none.h5: there is no such file; make it with 'overtone data import FOLDER \(path)/none.h5'.",
      from: run("hdf5", "none.h5", classes: 1))
    try expect(
      "\(path)/good.h5: it has 1 classes, the experiment says 2; set dataset.classes=1.",
      from: run("hdf5", "good.h5", classes: 2))
    try expect(
      "\(path)/good.h5: its images are 32x32, the experiment says 64x64; set dataset.size=32.",
      from: run("hdf5", "good.h5", classes: 1, size: 64))
  }

  private func run(_ kind: String, _ name: String, classes: Int, size: Int = 32) -> [String] {
    ["run", "-q", quickstart, "results=\(path)/results"] + tiny.filter { !$0.hasPrefix("dataset") } + [
      "dataset={use: \(kind), path: \"\(path)/\(name)\", size: \(size), classes: \(classes)}"
    ]
  }

  @Test("a data set of another kind than images is reported in one sentence")
  func kinds() throws {
    #expect(try program(["run", "-q", quickstart, "results=\(path)/results"] + tiny).status == 0)
    let run = onlyRun(in: "\(path)/results")
    try expect(
      "\(run)/metrics.h5: there is no data set 'images'.",
      from: self.run("hdf5", "\(run.dropFirst(path.count + 1))/metrics.h5", classes: 4))
    // A checkpoint under the name of another experiment's.
    let model = try #require(
      scratch.content.first { $0.hasPrefix("results/artefacts/model") && $0.hasSuffix("checkpoint.h5") })
    let samples = "\(run)/samples.h5"
    try FileManager.default.removeItem(atPath: "\(path)/\(model)")
    try FileManager.default.copyItem(atPath: samples, toPath: "\(path)/\(model)")
    let words = ["run", "-q", "--force", quickstart, "results=\(path)/results"] + tiny
    let ending = try program(words), content = "\(path)/\(model): its content is not what the run recorded (SHA-256 "
    #expect(ending.status == 1 && ending.sentence.hasPrefix("error: \(content)"), "\(ending)")
    // Without the record, as versions left it that kept none.
    let folder = URL(fileURLWithPath: "\(path)/\(model)").deletingLastPathComponent().path
    try FileManager.default.removeItem(atPath: "\(folder)/artefact.json")
    try expect(
      "\(path)/\(model): this is not a checkpoint of Overtone.",
      from: words)
  }

  @Test("images that are none, and folders without classes, are reported in one sentence")
  func images() throws {
    for name in ["flat", "void"] {
      try FileManager.default.createDirectory(atPath: "\(path)/\(name)", withIntermediateDirectories: true)
    }
    try noise(8, 1).writePNG(to: "\(path)/flat/0.png")
    for words in [["data", "import", "\(path)/void", "\(path)/x.h5"], run("image-folder", "void", classes: 1)] {
      try expect(
        "\(path)/void: there are no class folders in it; it should hold CLASS/image.png or .jpg.", from: words)
    }
    try expect(
      "\(path)/none: there is no such folder; name one that holds a folder of images per class.",
      from: run("image-folder", "none", classes: 1))
    try scratch.write("", "bare/a/notes.txt")
    try expect(
      "\(path)/bare: there are no PNG or JPEG images in its class folders.",
      from: run("image-folder", "bare", classes: 1))
    let whole = try Data(contentsOf: URL(fileURLWithPath: "\(path)/flat/0.png"))
    for (name, content, why) in [
      ("text", Data("hello".utf8), "this is neither a PNG nor a JPEG image."),
      ("empty", Data(), "the file is empty."),
      ("cut", whole[..<(whole.count / 2)], "the PNG image is damaged (it is cut short)."),
    ] {
      try FileManager.default.createDirectory(atPath: "\(path)/\(name)/a", withIntermediateDirectories: true)
      try content.write(to: URL(fileURLWithPath: "\(path)/\(name)/a/x.png"))
      let sentence = "\(path)/\(name)/a/x.png: \(why)"
      try expect(sentence, from: ["data", "import", "\(path)/\(name)", "\(path)/x.h5"])
      try expect(sentence, from: run("image-folder", name, classes: 1))
    }
    #expect(!scratch.content.contains { $0.hasPrefix("x.h5") })
  }

  @Test("results that cannot be written are reported before anything is trained")
  func folders() throws {
    try scratch.write("", "file")
    try expect(
      "\(path)/file/quickstart: this folder cannot be made: Not a directory; choose another with results=DIR.",
      from: ["run", "-q", quickstart, "results=\(path)/file"] + tiny)
    try expect(
      "/proc/nowhere/quickstart: this folder cannot be made: No such file or directory; choose another with "
        + "results=DIR.",
      from: ["run", "-q", quickstart, "results=/proc/nowhere"] + tiny)
    try FileManager.default.createDirectory(atPath: "\(path)/a/b", withIntermediateDirectories: true)
    try noise(8, 1).writePNG(to: "\(path)/a/b/0.png")
    try expect(
      "\(path)/none/x.h5: it cannot be written: No such file or directory; choose a folder that exists and can "
        + "be written.",
      from: ["data", "import", "\(path)/a", "\(path)/none/x.h5"])
  }

  /// A folder of images that do not compress: 3 MB.
  private func heavy() throws {
    try FileManager.default.createDirectory(atPath: "\(path)/heavy/a", withIntermediateDirectories: true)
    for i in 0..<64 { try noise(128, UInt32(i)).writePNG(to: "\(path)/heavy/a/\(i).png") }
  }

  @Test("a disk that is full is reported in one sentence, and leaves nothing half-written under its name")
  func limited() throws {
    try heavy()
    try expect(
      "\(path)/x.h5: it cannot be written: the disk may be full; nothing was left under this name.",
      from: ["data", "import", "\(path)/heavy", "\(path)/x.h5", "--size", "128"], limit: 200)
    #expect(!scratch.content.contains { $0.hasPrefix("x.h5") })
    let ending = try program(["run", "-q", quickstart, "results=\(path)/results"] + tiny, limit: 400)
    #expect(
      ending.status == 1 && ending.sentence.hasSuffix(": the disk may be full; nothing was left under this name."))
    #expect(!scratch.content.contains { $0.hasSuffix("checkpoint.h5") || $0.contains(".tmp.") })
    // With room again, the same command goes through.
    #expect(try program(["run", "-q", quickstart, "results=\(path)/results"] + tiny).status == 0)
  }

  @Test(
    "the same on a small disk of its own, for files, latents and checkpoints",
    .enabled(if: Disk.canBeBuilt, "needs the right to mount a tmpfs"))
  func disk() throws {
    try heavy()
    let small = Disk(kilobytes: 512)
    try expect(
      "\(small.scratch.path)/x.h5: it cannot be written: the disk may be full; nothing was left under this name.",
      from: ["data", "import", "\(path)/heavy", "\(small.scratch.path)/x.h5", "--size", "128"])
    #expect(small.scratch.content == [])
    // Latents of 5000 images need 2.5 MB.
    let large = Disk(kilobytes: 2500)
    let ending = try program(
      ["run", "-q", quickstart, "results=\(large.scratch.path)"] + tiny + [
        "dataset.count=5000", "training.cache-latents=true",
      ])
    #expect(ending.status == 1, "\(ending)")
    #expect(ending.sentence.contains("latents.h5: it cannot be written: the disk may be full;"), "\(ending)")
    #expect(!large.scratch.content.contains { $0.hasSuffix("latents.h5") })
  }

  @Test("settings that cannot work are reported with those that would, and wrong usage ends with 2")
  func settings() throws {
    for (override, sentence) in [
      ("backbone.heads=5", "override: 128 channels do not divide into 5 heads; let 'heads' divide 'width'."),
      ("training.steps=-1", "override: 'steps' must be from 0 to 100000000, not -1."),
      ("training.steps=many", "override: 'steps' must be a whole number, not 'many'."),
      (
        "tokenizer.stride=3",
        "override: tokenizer 'continuous' halves the image; 'stride' must be 2, 4, 8 or 16, not 3."
      ),
      (
        "direction.levels=[0,9]",
        "override: direction 'frequency' has levels 0 to 4 over a grid of 4x4; 'levels' must list some of these."
      ),
      ("training.cache-latents=maybe", "override: 'cache-latents' must be one of auto, true, false, not 'maybe'."),
    ] { try expect(sentence, from: ["validate", quickstart, override]) }
    try scratch.write("seed: 1\nseed: 2\n", "twice.yaml")
    let twice = try program(["validate", "\(path)/twice.yaml"])
    #expect(twice.status == 1)
    #expect(
      twice.errors == """
        error: \(path)/twice.yaml:2:1: 'seed' is set twice, first in line 1; keep one of them.
          2 | seed: 2
            | ^

        """)
    for words in [
      ["validate"], ["nonsense"], ["run", "--nonsense", quickstart], ["validate", quickstart, "steps"],
      ["data", "import", "a", "b", "--size", "0"], ["sample", "x", "--count", "0"],
      ["sample", "x", "--image", "i.png"],
      ["sample", "x", "--no-compose"], ["sample", "x", "--grid", "a=1", "b=1", "c=1"], ["sample", "x", "--grid", "a="],
    ] { #expect(try program(words).status == 2, "\(words)") }
    #expect(try program(["--help"]).status == 0)
    #expect(try program(["run", "--help"]).output.contains("overtone run Experiments/quickstart.yaml"))
  }
}
