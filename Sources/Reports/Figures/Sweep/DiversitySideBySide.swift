import Images
import Laboratory
import Tensors

/// Distances between images of one class for every variant.
enum DiversitySideBySide: SweepFigure {
  static let name = "diversities"
  static let about = "Distances between images of one class, for every variant."

  static func panels(of records: [RunRecord]) throws -> [Panel] {
    let rows = SideBySide.rows(of: records)
    let all = rows.prefix(8).map { row in
      (
        title: row.title,
        values: Measures.distances(
          Tensor.concatenated(row.samples.images.map(\.tensor), axis: 0), row.samples.labels)
      )
    }.filter { $0.values.count > 1 }
    guard !all.isEmpty else {
      throw Inapplicable("no run has two images of one class in samples.h5; raise sampling.per-class")
    }
    let most = all.compactMap { $0.values.max() }.max() ?? 1
    let means = all.map { title, values in "\(title) \(NumberFormat.short(ResultTable.Cell(values: values).mean))" }
    return [
      Panel(
        name,
        .plot(
          Plot(
            "pairs of one class", x: "root mean square distance of pixels in [0, 1]", y: "fraction of pairs",
            all.map { Plot.Series($0.title, Measures.histogram($0.values, bins: 20, over: 0...most)) })),
        caption:
          "Distances between the generated images of one class"
          + "\(rows.count > 8 ? ", of the first 8 of \(rows.count) variants" : ""). "
          + "Means: \(means.joined(separator: ", "))."
      )
    ]
  }
}
