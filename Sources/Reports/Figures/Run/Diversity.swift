import Autoregression
import Images
import Laboratory
import Tensors

/// Whether pictures of one class differ from each other as real ones do.
enum Diversity: RunFigure {
  static let name = "diversity"
  static let about = "Distances between pictures of one class: generated and real."

  static func panels(of study: Study) throws -> [Panel] {
    let classes = max(1, study.assembly.dataset.classNames.count), each = 8, chosen = min(classes, 8)
    let labels = (0..<chosen).flatMap { Array(repeating: $0, count: each) }
    let made = try study.run.paint(labels, from: 0, seed: study.assembly.seed)
    // As many real ones of these classes as are found among the first some.
    let dataset = study.assembly.dataset, look = min(dataset.count, 40 * classes, 4096)
    var found: [Int: [Int]] = [:]
    for start in stride(from: 0, to: look, by: 256) {
      let rows = Array(start..<min(look, start + 256))
      let batch = try dataset.batch(rows, flipped: rows.map { _ in false })
      for (row, label) in zip(rows, batch.labels) where label < chosen && (found[label]?.count ?? 0) < each {
        found[label, default: []].append(row)
      }
      if found.count == chosen, found.values.allSatisfy({ $0.count == each }) { break }
    }
    let rows = (0..<chosen).flatMap { found[$0] ?? [] }
    let real = try dataset.batch(rows, flipped: rows.map { _ in false })
    let ours = distances(made, labels), theirs = distances(real.images, real.labels)
    guard ours.count > 1, theirs.count > 1 else {
      throw Inapplicable("there are no two real pictures of one class among the first \(look)")
    }
    let most = max(ours.max() ?? 1, theirs.max() ?? 1)
    let plot = Plot(
      "\(study.name): pairs of one class", x: "root mean square distance of pixels in [0, 1]", y: "share of pairs",
      [
        Plot.Series("real", histogram(theirs, bins: 20, over: 0...most)),
        Plot.Series("generated", histogram(ours, bins: 20, over: 0...most)),
      ])
    return [
      Panel(
        name, .plot(plot),
        caption:
          "Distances within \(chosen) classes: generated \(spoken(ours)), real \(spoken(theirs)). Distances much below those of real pictures are a sign of repetition."
      )
    ]
  }

  /// "0.21 ± 0.05 (224 pairs)"
  private static func spoken(_ values: [Double]) -> String {
    let cell = ResultTable.Cell(values: values)
    return "\(Progress.number(cell.mean)) ± \(Progress.number(cell.deviation ?? 0)) (\(values.count) pairs)"
  }

  /// Of every pair with one label, in [0, 1].
  static func distances(_ images: Tensor, _ labels: [Int]) -> [Double] {
    let area = images.count / max(1, labels.count), scalars = images.scalars
    var all: [Double] = []
    for i in labels.indices {
      for j in 0..<i where labels[i] == labels[j] {
        let squared = (0..<area).reduce(0.0) { sum, k in
          let gap = Double(scalars[i * area + k] - scalars[j * area + k]) / 2
          return sum + gap * gap
        }
        all.append((squared / Double(area)).squareRoot())
      }
    }
    return all
  }

  /// The middle of each bin, and the share of values in it.
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
