import Autoregression
import Images
import Laboratory
import ProgramSupport
import Tensors
import Testing

struct WrittenBytesTests {
  @Test("images that were written as PNG and read again are those that metrics saw: every measure is the same")
  func bytes() throws {
    var assembly = try TinyExperiment.assembly(["tokenizer={use: vq, stride: 4, width: 8, norm-groups: 4, codes: 8}"])
    try assembly.dataset.open()
    let scratch = Scratch(), run = Run(assembly, folder: scratch.path, journal: Journal(quiet: true))
    var random = Random(seed: 1, samples: Array(0..<6))
    let real = try assembly.dataset.heldOut.batch(Array(0..<6)).images
    let seen = [
      try run.sampler.images(of: Array(repeating: 0, count: 6), from: 0, seed: 3),
      try run.sampler.reconstructions(of: real, &random),
    ]
    for images in seen {
      var read: [Float] = []
      for row in 0..<6 {
        try ByteImage(images, at: row).writePNG(to: "\(scratch.path)/image.png")
        read += try ByteImage.read("\(scratch.path)/image.png").tensor.scalars
      }
      #expect(read == images.scalars && Set(read).count > 3 && read.allSatisfy { -1...1 ~= $0 })
    }
  }
}
