import Autoregression
import Glibc
import Images
import Laboratory
import Tensors

/// What the tokenizer and the direction's tokens keep of pictures.
enum ReconstructionGrid: RunFigure {
  static let name = "reconstructions"
  static let about = "Pictures, what their tokens give back, and the difference, with decibels."

  static func panels(of study: Study) throws -> [Panel] {
    let count = min(8, study.real.labels.count), images = Study.some(study.real.images, count)
    var random = Random(seed: study.assembly.seed, samples: Array(0..<count))
    let again = study.run.reconstructed(images, &random), gap = again - images
    let columns = (0..<count).map { "\(Progress.number(decibels(gap, $0))) dB" }
    let sheet = ContactSheet(
      [images, again, gap * 4].flatMap { batch in (0..<count).map { Picture(batch, at: $0) } }, columns: count,
      rowLabels: ["picture", "tokens", "gap x 4"], columnLabels: columns,
      title: "\(study.name): what tokens keep")
    let space = study.quantizer.space
    return [
      Panel(
        name, .sheet(sheet),
        caption:
          "Pictures of the data set (above), as \(study.layout.grid) tokens of \(space.width) numbers\(space.vocabulary.map { " and \($0) codes" } ?? "") give them back, and four times the difference; signal to noise of each picture in decibels."
      )
    ]
  }

  /// Peak signal to noise of one picture whose error, in [-2, 2], is given.
  static func decibels(_ gap: Tensor, _ index: Int) -> Double {
    let error = gap.sliced(index..<index + 1, axis: 0).scalars
    let squared = error.reduce(0.0) { $0 + Double($1) * Double($1) / 4 } / Double(max(1, error.count))
    return 10 * log10(1 / max(squared, 1e-12))
  }
}
