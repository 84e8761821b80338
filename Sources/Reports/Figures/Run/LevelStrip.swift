import Autoregression
import Images
import Laboratory
import Tensors

/// What each level shows of pictures, real and generated: the coarse becoming the fine.
enum LevelStrip: RunFigure {
  static let name = "levels"
  static let about = "What each level shows, decoded: real pictures and generated ones."

  static func panels(of study: Study) throws -> [Panel] {
    let direction = study.direction, quantizer = study.quantizer, levels = study.levels
    guard direction.version(of: Study.some(study.latents, 1), at: levels.last ?? 0, by: quantizer) != nil else {
      throw Inapplicable("the levels of this direction show no part of an image, and there is no strip of them")
    }
    let made = study.made, count = min(3, study.real.labels.count), slots = study.layout.slots
    let isPyramid = slots.contains { $0.level != slots[0].level }
    var columns: [String] = [], rows: [[Picture]] = Array(repeating: [], count: 2 * count)
    func add(_ title: String, _ real: Tensor, _ painted: Tensor) {
      columns.append(title)
      for row in 0..<count {
        rows[row].append(Picture(real, at: row))
        rows[count + row].append(Picture(painted, at: row))
      }
    }
    for level in levels {
      guard let real = direction.version(of: Study.some(study.latents, count), at: level, by: quantizer),
        let again = direction.version(of: Study.some(made.latents, count), at: level, by: quantizer)
      else { continue }
      let painted =
        isPyramid ? Study.some(direction.latent(of: made.canvas, through: level, by: quantizer), count) : again
      add("level \(level)", study.decoded(real), study.decoded(painted))
    }
    if !isPyramid { add("whole", study.decoded(Study.some(study.latents, count)), Study.some(made.images, count)) }
    columns.append("picture")
    for row in 0..<count {
      rows[row].append(Picture(study.real.images, at: row))
      rows[count + row].append(Picture(made.images, at: row))
    }
    let names = study.assembly.dataset.classNames
    let labels =
      (0..<count).map { "real \(names[study.real.labels[$0]])" }
      + (0..<count).map { "made \(names[made.labels[$0]])" }
    let sheet = ContactSheet(
      rows.flatMap { $0 }, columns: columns.count, rowLabels: labels, columnLabels: columns,
      title: "\(study.name): level by level")
    return [
      Panel(
        name, .sheet(sheet),
        caption:
          "Levels \(levels.map { "\($0)" }.joined(separator: ", ")) as the decoder shows them, of real pictures (above) and generated ones (below)."
      )
    ]
  }
}
