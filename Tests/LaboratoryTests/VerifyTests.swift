import Foundation
import ProgramSupport
import Storage
import Tensors
import Testing

@Suite struct VerifyTests {
  @Test("a run is sound; a changed byte, a file cut short and a missing checkpoint are reported with what to do")
  func run() throws {
    let scratch = Scratch(), results = "\(scratch.path)/r"
    #expect(try program(["run", "--quiet", quickstart, "results=\(results)"] + tiny).status == 0)
    let folder = onlyRun(in: results)
    let sound = try program(["verify", folder])
    #expect(sound.status == 0, "\(sound.output)")
    #expect(sound.output.contains("samples.h5: sound (") && sound.output.contains("checkpoint.h5: sound ("))
    #expect(sound.output.contains("all with checksums)") && sound.output.contains("grid.png: sound (an image of "))

    let samples = URL(fileURLWithPath: "\(folder)/samples.h5"), whole = try Data(contentsOf: samples)
    try whole.prefix(whole.count - 100).write(to: samples)
    let cut = try program(["verify", folder])
    #expect(cut.status == 1)
    #expect(
      cut.output.contains(
        """
        samples.h5: HDF5 cannot open it: it is cut short (an interrupted copy?), or written in a \
        newer format (re-save it in h5py with libver='earliest').
          Run the experiment again with --force: images are made anew, and nothing is trained twice.
        """), "\(cut.output)")
    #expect(cut.sentence.hasSuffix(" files are not sound."))
    try whole.write(to: samples)

    let inputs =
      try JSONSerialization.jsonObject(
        with: Data(contentsOf: URL(fileURLWithPath: "\(folder)/inputs.json"))) as? [String: Any]
    let model = try #require(inputs?["model"] as? String)
    let checkpoint = URL(fileURLWithPath: "\(model)/checkpoint.h5")
    var broken = try Data(contentsOf: checkpoint)
    let middle = broken.count / 2
    for offset in stride(from: middle, to: middle + 4096, by: 64) { broken[offset] ^= 0x55 }
    try broken.write(to: checkpoint)
    let flipped = try program(["verify", folder, "--json"])
    #expect(flipped.status == 1)
    let reports = try JSONSerialization.jsonObject(with: Data(flipped.output.utf8)) as? [[String: Any]]
    let one = reports?.first { $0["sound"] as? Bool == false }
    #expect((one?["file"] as? String)?.hasSuffix("checkpoint.h5") == true)
    #expect(one?["advice"] as? String == "Remove it, and run the experiment again: this stage is trained anew.")
    try FileManager.default.removeItem(at: checkpoint)
    #expect(try program(["verify", folder]).output.contains("checkpoint.h5: it is missing, and the run is done."))
  }

  @Test("an input that changed since the run is reported")
  func inputs() throws {
    let scratch = Scratch()
    let images = "\(projectFolder)/Tests/ImagesTests/References"
    for name in ["a", "b"] {
      try FileManager.default.createDirectory(atPath: "\(scratch.path)/p/\(name)", withIntermediateDirectories: true)
      for number in 0..<4 {
        try FileManager.default.copyItem(
          atPath: "\(images)/rgb.png", toPath: "\(scratch.path)/p/\(name)/\(number).png")
      }
    }
    let file = "\(scratch.path)/p.h5"
    #expect(try program(["data", "import", "\(scratch.path)/p", file, "--size", "16"]).status == 0)
    let experiment = "\(projectFolder)/Experiments/smoke/sweep.yaml"
    let words = [
      "run", "--quiet", experiment, "results=\(scratch.path)/r", "--variant", "full,filter=dct/1",
      "dataset={use: hdf5, path: \(file), size: 16, classes: 2}", "evaluation.count=0",
    ]
    #expect(try program(words).status == 0)
    #expect(try program(["verify", "\(scratch.path)/r/sweep"]).output.contains("p.h5: sound (as the run read it)"))
    try Data("other".utf8).write(to: URL(fileURLWithPath: file))
    let changed = try program(["verify", "\(scratch.path)/r/sweep"])
    #expect(changed.status == 1 && changed.output.contains("p.h5: it is not the file that the run read."))
  }

  @Test("bytes changed anywhere in a file end in a sentence, never in a crash")
  func anywhere() throws {
    let scratch = Scratch(), path = "\(scratch.path)/checkpoint.h5"
    var checkpoint = Checkpoint()
    checkpoint.model = [("a.weight", Tensor([8, 4], (0..<32).map { Float($0) })), ("a.bias", Tensor([3], [1, 2, 3]))]
    try checkpoint.write(to: path)
    let whole = try Data(contentsOf: URL(fileURLWithPath: path))
    for offset in stride(from: 8, to: whole.count, by: whole.count / 24) {
      var broken = whole
      for byte in offset..<min(whole.count, offset + 24) { broken[byte] ^= 0xFF }
      try broken.write(to: URL(fileURLWithPath: path))
      let ending = try program(["verify", path])
      #expect(ending.status == 0 || ending.status == 1, "byte \(offset): \(ending.status)")
      #expect(ending.output.hasPrefix("\(path): "), "byte \(offset)")
    }
  }

  @Test("another file, and a missing one, are refused in a sentence")
  func others() throws {
    let scratch = Scratch()
    try scratch.write("text", "a.h5")
    let text = try program(["verify", "\(scratch.path)/a.h5"])
    #expect(text.status == 1)
    #expect(
      text.output == """
        \(scratch.path)/a.h5: this is not an HDF5 file.
          Take another copy of it from where it came.

        """)
    #expect(text.sentence == "error: 1 of 1 file is not sound.")
    #expect(try program(["verify", "\(scratch.path)/none"]).output.contains("/none: there is no such file.\n"))
    try FileManager.default.createDirectory(atPath: "\(scratch.path)/empty", withIntermediateDirectories: true)
    #expect(
      try program(["verify", "\(scratch.path)/empty"]).sentence
        == "error: \(scratch.path)/empty: there is nothing to verify; name a run, or a file that ends in .h5.")
  }
}
