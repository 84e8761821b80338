import Autoregression
import Glibc
import Images
import Laboratory
import Tensors

/// Images beside their reconstruction from tokens, with the difference and the PSNR of each.
enum ReconstructionGrid: RunFigure {
  static let name = "reconstructions"
  static let about = "Images, their reconstructions from tokens, and the difference, with the PSNR."

  static func panels(of context: FigureContext) throws -> [Panel] {
    let count = min(8, context.real.labels.count), images = FigureContext.first(context.real.images, count)
    var random = Random(seed: context.assembly.seed, samples: Array(0..<count))
    let reconstructed = try context.run.sampler.reconstructions(of: images, &random),
      difference = reconstructed - images
    let columns = (0..<count).map { "\(NumberFormat.short(Measures.decibels(difference, $0))) dB" }
    let sheet = ContactSheet(
      [images, reconstructed, difference * 4].flatMap { batch in (0..<count).map { ByteImage(batch, at: $0) } },
      columns: count,
      rowLabels: ["image", "reconstruction", "difference x 4"], columnLabels: columns,
      title: "\(context.name): reconstructions")
    let space = context.quantizer.space
    return [
      Panel(
        name, .sheet(sheet),
        caption:
          "Images of the data set (above), their reconstructions from \(context.layout.grid) tokens of \(space.width) "
          + "channels\(space.vocabulary.map { " and \($0) codes" } ?? ""), and four times the difference; "
          + "peak signal-to-noise ratio in decibels."
      )
    ]
  }
}
