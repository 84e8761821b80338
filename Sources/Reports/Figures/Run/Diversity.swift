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
    // Real images of these classes, searched for among the first rows of the data set.
    let dataset = context.assembly.dataset, searched = min(dataset.count, 40 * classes, 4096)
    var found: [Int: [Int]] = [:]
    for start in stride(from: 0, to: searched, by: 256) {
      let rows = Array(start..<min(searched, start + 256))
      let batch = try dataset.batch(rows, flipped: rows.map { _ in false })
      for (row, label) in zip(rows, batch.labels) where label < chosen && (found[label]?.count ?? 0) < perClass {
        found[label, default: []].append(row)
      }
      if found.count == chosen, found.values.allSatisfy({ $0.count == perClass }) { break }
    }
    let rows = (0..<chosen).flatMap { found[$0] ?? [] }
    let real = try dataset.batch(rows, flipped: rows.map { _ in false })
    let generatedDistances = distances(generated, labels), realDistances = distances(real.images, real.labels)
    guard generatedDistances.count > 1, realDistances.count > 1 else {
      throw Inapplicable("there are no two real images of one class among the first \(searched)")
    }
    let most = max(generatedDistances.max() ?? 1, realDistances.max() ?? 1)
    let plot = Plot(
      "\(context.name): pairs of one class", x: "root mean square distance of pixels in [0, 1]", y: "fraction of pairs",
      [
        Plot.Series("real", histogram(realDistances, bins: 20, over: 0...most)),
        Plot.Series("generated", histogram(generatedDistances, bins: 20, over: 0...most)),
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

  /// Root mean square distance of pixels in [0, 1] for every pair of images with equal labels.
  static func distances(_ images: Tensor, _ labels: [Int]) -> [Double] {
    let area = images.count / max(1, labels.count), scalars = images.scalars
    var all: [Double] = []
    for i in labels.indices {
      for j in 0..<i where labels[i] == labels[j] {
        let squared = (0..<area).reduce(0.0) { sum, k in
          let difference = Double(scalars[i * area + k] - scalars[j * area + k]) / 2
          return sum + difference * difference
        }
        all.append((squared / Double(area)).squareRoot())
      }
    }
    return all
  }

  /// The centre of each bin and the fraction of values in it.
  static func histogram(_ values: [Double], bins: Int, over range: ClosedRange<Double>) -> [(x: Double, y: Double)] {
    let width = (range.upperBound - range.lowerBound) / Double(bins)
    var counts = [Int](repeating: 0, count: bins)
    for value in values where range.contains(value) {
      counts[min(bins - 1, width > 0 ? Int((value - range.lowerBound) / width) : 0)] += 1
    }
    return counts.enumerated().map {
      (range.lowerBound + (Double($0.offset) + 0.5) * width, Double($0.element) / Double(max(1, values.count)))
    }
  }
}
