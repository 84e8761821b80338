import Autoregression
import Images
import Laboratory
import Tensors

/// Real and generated images at each level of a direction, from coarse to fine.
enum LevelStrip: RunFigure {
  static let name = "levels"
  static let about = "Decoded images at each level: real and generated."

  static func panels(of context: FigureContext) throws -> [Panel] {
    let direction = context.direction, quantizer = context.quantizer, levels = context.levels
    guard direction.version(of: FigureContext.first(context.latents, 1), at: levels.last ?? 0, by: quantizer) != nil
    else {
      throw Inapplicable("the levels of this direction are no versions of an image")
    }
    let generated = context.generated, count = min(3, context.real.labels.count), slots = context.layout.slots
    let isPyramid = slots.contains { $0.level != slots[0].level }
    var columns: [String] = [], rows: [[ByteImage]] = Array(repeating: [], count: 2 * count)
    func add(_ title: String, _ real: Tensor, _ generated: Tensor) {
      columns.append(title)
      for row in 0..<count {
        rows[row].append(ByteImage(real, at: row))
        rows[count + row].append(ByteImage(generated, at: row))
      }
    }
    for level in levels {
      guard let real = direction.version(of: FigureContext.first(context.latents, count), at: level, by: quantizer),
        let version = direction.version(of: FigureContext.first(generated.latents, count), at: level, by: quantizer)
      else { continue }
      let shown =
        isPyramid
        ? FigureContext.first(direction.latent(of: generated.canvas, through: level, by: quantizer), count) : version
      add("level \(level)", context.decoded(real), context.decoded(shown))
    }
    if !isPyramid {
      add(
        "whole", context.decoded(FigureContext.first(context.latents, count)),
        FigureContext.first(generated.images, count))
    }
    columns.append("image")
    for row in 0..<count {
      rows[row].append(ByteImage(context.real.images, at: row))
      rows[count + row].append(ByteImage(generated.images, at: row))
    }
    let names = context.assembly.dataset.classNames
    let labels =
      (0..<count).map { "real \(names[context.real.labels[$0]])" }
      + (0..<count).map { "generated \(names[generated.labels[$0]])" }
    let sheet = ContactSheet(
      rows.flatMap { $0 }, columns: columns.count, rowLabels: labels, columnLabels: columns,
      title: "\(context.name): level by level")
    return [
      Panel(
        name, .sheet(sheet),
        caption:
          "Levels \(levels.map { "\($0)" }.joined(separator: ", ")) decoded, of real images (above) and "
          + "generated ones (below)."
      )
    ]
  }
}
