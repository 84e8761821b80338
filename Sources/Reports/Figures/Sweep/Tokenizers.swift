import Autoregression
import Foundation
import Images
import Laboratory
import Tensors

/// Reconstructions of equal images by every tokenizer of a sweep, with their metrics.
enum Tokenizers: SweepFigure {
  static let name = "tokenizers"
  static let about = "Reconstructions of equal images by every tokenizer of a sweep, with their metrics."

  static func panels(of records: [RunRecord]) throws -> [Panel] {
    var chosen: [RunRecord] = [], seen: Set<String> = []
    for record in records where record.state.kind == .done && seen.insert(key(of: record)).inserted {
      chosen.append(record)
    }
    guard chosen.count > 1 else {
      throw Inapplicable(
        chosen.isEmpty ? "no run is done" : "all runs that are done share one tokenizer"
      )
    }
    var rows: [[ByteImage]] = [], labels: [String] = [], alike: [Int] = []
    let count = 8
    for record in chosen.prefix(12) {
      let context = try FigureContext(folder: record.folder), images = FigureContext.first(context.real.images, count)
      var random = Random(seed: 1, samples: Array(0..<images.shape[0]))
      let reconstructed = try context.run.sampler.reconstructions(of: images, &random)
      if rows.isEmpty {
        rows.append((0..<images.shape[0]).map { ByteImage(images, at: $0) })
        labels.append("image")
        alike.append(0)
      }
      let row = (0..<reconstructed.shape[0]).map { ByteImage(reconstructed, at: $0) }
      // Variants that share a tokenizer share a row.
      if let shared = rows.dropFirst().firstIndex(of: row) {
        alike[shared] += 1
        continue
      }
      rows.append(row)
      alike.append(0)
      let subjects = Set(
        context.assembly.metrics.filter { $0.subject == .reconstructions }.flatMap { metric -> [String] in
          var metric = metric
          metric.observe(reconstructed, beside: images)
          return metric.values().map(\.name)
        })
      let numbers = (record.currentResult?.measurements ?? []).filter { subjects.contains($0.name) }
        .map { "\($0.name) \(NumberFormat.short($0.value))" }
      let space = context.quantizer.space
      labels.append(
        ([record.variant.isEmpty ? record.folder : record.variant]
          + ["\(context.layout.grid)x\(space.width)\(space.vocabulary.map { ", \($0) codes" } ?? "")"] + numbers)
          .joined(separator: ", "))
    }
    for (index, others) in alike.enumerated() where others > 0 { labels[index] += " (and \(others) more)" }
    let columns = rows.map(\.count).min() ?? 0, size = rows[0][0]
    let sheet = ContactSheet(
      rows.flatMap { row in
        row.prefix(columns).map {
          $0.height == size.height && $0.width == size.width ? $0 : $0.stretched(height: size.height, width: size.width)
        }
      }, columns: columns, rowLabels: labels, title: "reconstructions", scale: max(1, 64 / size.width))
    return [
      Panel(
        name, .sheet(sheet),
        caption:
          "Reconstructions of equal images by each tokenizer: grid x channels of a token, size of the codebook if "
          + "there is one, and the metrics of reconstructions."
      )
    ]
  }

  /// Identity of a tokenizer: its settings without those of training, and the direction.
  private static func key(of record: RunRecord) -> String {
    let settings = record.settings.filter { $0.key.hasPrefix("tokenizer.") }.map { "\($0.key)=\($0.value)" }.sorted()
    let seedless = settings.filter { !$0.contains(".training.") }.joined(separator: "\n")
    // The layout of a direction decides the tokens of a multi-scale tokenizer.
    return seedless + (record.settings["direction.use"].map { "\n\($0)" } ?? "")
  }
}
