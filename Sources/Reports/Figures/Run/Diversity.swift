import Autoregression
import Images
import Laboratory
import Tensors

/// Distances between images of one class, generated and real: small ones are a sign of mode collapse.
enum Diversity: RunFigure {
  static let name = "diversity"
  static let about = "Distances between images of one class: generated and real."

  static func panels(of context: FigureContext) throws -> [Panel] {
    let classes = max(1, context.assembly.dataset.classNames.count), perClass = 8, chosen = min(classes, 8)
    let labels = (0..<chosen).flatMap { Array(repeating: $0, count: perClass) }
    let generated = try context.run.sampler.images(of: labels, from: 0, seed: context.assembly.seed)
    // Real images of these classes, searched for among the first that metrics compare with.
    let data = context.images, searched = min(data.count, 40 * classes, 4096)
    var found: [Int: [Int]] = [:]
    for start in stride(from: 0, to: searched, by: 256) {
      let rows = Array(start..<min(searched, start + 256))
      let batch = try data.batch(rows)
      for (row, label) in zip(rows, batch.labels) where label < chosen && (found[label]?.count ?? 0) < perClass {
        found[label, default: []].append(row)
      }
      if found.count == chosen, found.values.allSatisfy({ $0.count == perClass }) { break }
    }
    let rows = (0..<chosen).flatMap { found[$0] ?? [] }
    let real = try data.batch(rows)
    let generatedDistances = Measures.distances(generated, labels),
      realDistances = Measures.distances(real.images, real.labels)
    guard generatedDistances.count > 1, realDistances.count > 1 else {
      throw Inapplicable("there are no two real images of one class among the first \(searched)")
    }
    let most = max(generatedDistances.max() ?? 1, realDistances.max() ?? 1)
    let plot = Plot(
      "\(context.name): pairs of one class", x: "root mean square distance of pixels in [0, 1]", y: "fraction of pairs",
      [
        Plot.Series("real", Measures.histogram(realDistances, bins: 20, over: 0...most)),
        Plot.Series("generated", Measures.histogram(generatedDistances, bins: 20, over: 0...most)),
      ])
    return [
      Panel(
        name, .plot(plot),
        caption:
          "Distances within \(chosen) classes: generated \(summary(generatedDistances)), "
          + "real \(summary(realDistances)). "
          + "Distances far below those of real images are a sign of mode collapse."
      )
    ]
  }

  /// Mean and standard deviation, such as "0.21 ± 0.05 (224 pairs)".
  private static func summary(_ values: [Double]) -> String {
    let cell = ResultTable.Cell(values: values)
    return "\(NumberFormat.short(cell.mean)) ± \(NumberFormat.short(cell.deviation ?? 0)) (\(values.count) pairs)"
  }
}
