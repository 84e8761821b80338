import Foundation
import Images
import ProgramSupport
import Storage
import Testing

/// One trained run that all tests here look at.
private let trained: Scratch = {
  let scratch = Scratch()
  _ = try? program(["run", "-q", quickstart, "results=\(scratch.path)"] + tiny)
  return scratch
}()

@Suite(.serialized) struct SampleTests {
  private let run = onlyRun(in: trained.path)
  private let out = Scratch()

  private func sample(_ words: String...) throws -> Ending {
    try program(["sample", run, "-q", "--out", out.path] + words)
  }

  @Test("classes, counts and seeds are as asked; the same again gives the same bytes")
  func plain() throws {
    let first = try sample("--class", "ring", "--class", "0", "--count", "3", "--seed", "9")
    #expect(first.status == 0 && first.output == "\(out.path)/grid.png\n", "\(first)")
    let file = try Reader("\(out.path)/samples.h5")
    #expect(try file.ints("label") == [3, 3, 3, 0, 0, 0] && file.ints("seed") == Array(repeating: 9, count: 6))
    #expect(out.content == (0..<6).map { "000\($0).png" } + ["grid.png", "samples.h5"])
    let before = try Data(contentsOf: URL(fileURLWithPath: "\(out.path)/samples.h5"))
    _ = try sample("--class", "ring", "--class", "0", "--count", "3", "--seed", "9")
    #expect(try Data(contentsOf: URL(fileURLWithPath: "\(out.path)/samples.h5")) == before)
    _ = try sample("--class", "ring", "--class", "0", "--count", "3", "--seed", "10")
    #expect(try Data(contentsOf: URL(fileURLWithPath: "\(out.path)/samples.h5")) != before)
  }

  @Test("a grid varies two settings of the generation, each cell the images of those settings")
  func grid() throws {
    let ending = try sample("--class", "1", "--grid", "guidance=1,3", "loss.steps=2,4")
    #expect(ending.status == 0, "\(ending)")
    let file = try Reader("\(out.path)/samples.h5")
    #expect(
      try file.texts("setting") == [
        "sampling.guidance=1 loss.steps=2", "sampling.guidance=3 loss.steps=2", "sampling.guidance=1 loss.steps=4",
        "sampling.guidance=3 loss.steps=4",
      ])
    let cell = try ByteImage.read("\(out.path)/0002.png")
    let alone = try program(
      [
        "sample", run, "-q", "--class", "1", "--count", "1", "--out", "\(out.path)/alone", "sampling.guidance=1",
        "loss.steps=4",
      ])
    #expect(alone.status == 0)
    #expect(try ByteImage.read("\(out.path)/alone/0000.png") == cell)
    let other = try sample("--grid", "direction.filter=dct,ideal")
    #expect(
      other.status == 1
        && other.sentence
          == "error: --grid: direction.filter=dct would need another model; a grid varies settings of generation, "
          + "such as guidance, temperature or loss.steps."
    )
  }

  @Test("given pixels of an image come back byte for byte, masked ones are generated")
  func inpainting() throws {
    var image = ByteImage(height: 32, width: 32, colour: [0, 0, 0]), mask = image
    for i in image.pixels.indices { image.pixels[i] = UInt8((i * 37 + i / 96 * 11) % 256) }
    for y in 5..<32 { for x in 14..<32 { for c in 0..<3 { mask.pixels[(y * 32 + x) * 3 + c] = 255 } } }
    try image.writePNG(to: "\(out.path)/image.png")
    try mask.writePNG(to: "\(out.path)/mask.png")
    let words = [
      "--image", "\(out.path)/image.png", "--mask", "\(out.path)/mask.png", "--class", "2", "--count", "2",
    ]
    func inpainted(_ extra: [String]) throws -> [ByteImage] {
      let ending = try program(["sample", run, "-q", "--out", "\(out.path)/inpainted"] + words + extra)
      #expect(ending.status == 0, "\(ending)")
      return try (0..<2).map { try ByteImage.read("\(out.path)/inpainted/000\($0).png") }
    }
    func equal(_ result: ByteImage, open: Bool) -> Int {
      (0..<1024).filter { (mask.pixels[3 * $0] > 0) == open }.filter { pixel in
        (0..<3).allSatisfy { result.pixels[3 * pixel + $0] == image.pixels[3 * pixel + $0] }
      }.count
    }
    let composed = try inpainted([])
    for one in composed { #expect(equal(one, open: false) == 1024 - 27 * 18 && equal(one, open: true) < 27) }
    #expect(composed[0] != composed[1])
    for one in try inpainted(["--no-compose"]) { #expect(equal(one, open: false) < 100) }
    try ByteImage(height: 8, width: 8, colour: [0, 0, 0]).writePNG(to: "\(out.path)/small.png")
    for (image, paper, sentence) in [
      ("small", "mask", "\(out.path)/small.png: it is 8x8, and this model generates 32x32; resize it first."),
      ("image", "small", "\(out.path)/small.png: the mask is 8x8 and the image 32x32; they must have one size."),
      ("image", "none", "\(out.path)/none.png: there is no such file."),
    ] {
      let ending = try sample("--image", "\(out.path)/\(image).png", "--mask", "\(out.path)/\(paper).png")
      #expect(ending.status == 1 && ending.sentence == "error: \(sentence)", "\(ending)")
    }
    try ByteImage(height: 32, width: 32, colour: [0, 0, 0]).writePNG(to: "\(out.path)/black.png")
    #expect(
      try sample("--image", "\(out.path)/image.png", "--mask", "\(out.path)/black.png").sentence
        == "error: \(out.path)/black.png: the mask is black everywhere; white marks the pixels to generate."
    )
  }

  @Test("a run that is not trained, no run and no class are reported")
  func mistakes() throws {
    let scratch = Scratch()
    #expect(
      try program(["sample", scratch.path]).sentence
        == "error: \(scratch.path): this is not the folder of a run, it has no experiment.yaml; name one "
        + "such as Results/quickstart/1."
    )
    #expect(
      try program(["sample", quickstart, "results=\(scratch.path)", "-q"] + tiny).sentence
        == "error: the tokenizer of this experiment is not trained yet; 'overtone run' does that.")
    #expect(
      try sample("--class", "rnig").sentence
        == "error: there is no class 'rnig'; there are 0 to 3: circle, square, triangle, ring. Did you mean 'ring'?")
  }

  @Test("evaluating alone gives the numbers of the run, and with other settings only prints them")
  func evaluation() throws {
    let path = "\(run)/results.json", before = try Data(contentsOf: URL(fileURLWithPath: path))
    let again = try program(["evaluate", run, "-q", "--json"])
    #expect(again.status == 0, "\(again)")
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
    let list = try JSONSerialization.jsonObject(with: Data(again.output.utf8)) as? [[String: Any]]
    #expect(list?.compactMap { $0["name"] as? String } == ["psnr", "ssim", "FD[randconv64-v1]"])
    let other = try program(["evaluate", run, "-q", "sampling.guidance=4", "evaluation.count=4"])
    #expect(other.status == 0 && other.output.contains("(4 images, held-out)"))
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
  }

  @Test("what commands print as JSON is JSON")
  func json() throws {
    for words in [
      ["plan", "--json", quickstart], ["components", "--json"], ["doctor", "--json"],
      ["inspect", "--json", "\(run)/samples.h5"], ["inspect", "--json", "\(run)/metrics.h5"],
      ["validate", "--json", quickstart],
      ["validate", "--json", "--inputs", quickstart, "results=\(trained.path)"] + tiny,
    ] {
      let ending = try program(words)
      #expect(ending.status == 0, "\(words) \(ending.errors)")
      #expect((try? JSONSerialization.jsonObject(with: Data(ending.output.utf8))) != nil, "\(words): \(ending.output)")
    }
    let plan =
      try JSONSerialization.jsonObject(with: Data(try program(["plan", "--json", quickstart]).output.utf8))
      as? [String: Any]
    #expect(plan?["slots"] as? Int == 16 && plan?["turns"] as? Int == 4 && (plan?["seconds"] as? Double ?? 0) > 0)
  }

  @Test("inspect shows kinds, axes and attributes")
  func inspection() throws {
    let text = try program(["inspect", "\(run)/samples.h5"]).output
    for line in [
      "\(run)/samples.h5, samples", "  @Conventions = \"Overtone-1\"",
      "  images  uint8 (sample 8, row 32, column 32, channel 3)",
      "  channel  text (3), a scale: \"red\", \"green\", \"blue\"",
      "  preview  uint8 (row 32, column 32, channel 3)", "      @IMAGE_SUBCLASS = \"IMAGE_TRUECOLOR\"",
    ] { #expect(text.split(separator: "\n").contains { $0 == line }, "\(line) in\n\(text)") }
    #expect(try program(["inspect", "\(run)/metrics.h5"]).output.contains("    psnr  float64 (psnr_step 1)\n"))
  }
}
