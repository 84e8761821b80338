import Autoregression
import Foundation
import Images
import Laboratory
import Tensors

/// What the tokenizers of a sweep keep of the same pictures: continuous against discrete.
enum Tokenizers: SweepFigure {
  static let name = "tokenizers"
  static let about = "The same pictures through every tokenizer of a sweep, with what was measured."

  static func panels(of records: [RunRecord]) throws -> [Panel] {
    var chosen: [RunRecord] = [], seen: Set<String> = []
    for record in records where record.state.kind == .done && seen.insert(key(of: record)).inserted {
      chosen.append(record)
    }
    guard chosen.count > 1 else {
      throw Inapplicable(
        chosen.isEmpty ? "no run is done" : "all runs that are done have one tokenizer, and there is nothing to compare"
      )
    }
    var rows: [[Picture]] = [], labels: [String] = [], alike: [Int] = []
    let count = 8
    for record in chosen.prefix(12) {
      let study = try Study(folder: record.folder), images = Study.some(study.real.images, count)
      var random = Random(seed: 1, samples: Array(0..<images.shape[0]))
      let again = study.run.reconstructed(images, &random)
      if rows.isEmpty {
        rows.append((0..<images.shape[0]).map { Picture(images, at: $0) })
        labels.append("picture")
        alike.append(0)
      }
      let row = (0..<again.shape[0]).map { Picture(again, at: $0) }
      // One tokenizer may serve several variants, and then gives the same pictures.
      if let known = rows.dropFirst().firstIndex(of: row) {
        alike[known] += 1
        continue
      }
      rows.append(row)
      alike.append(0)
      let subjects = Set(
        study.assembly.metrics.filter { $0.subject == .reconstructions }.flatMap { metric -> [String] in
          var metric = metric
          metric.observe(again, beside: images)
          return metric.values().map(\.name)
        })
      let numbers = (record.result?.measurements ?? []).filter { subjects.contains($0.name) }
        .map { "\($0.name) \(Progress.number($0.value))" }
      let space = study.quantizer.space
      labels.append(
        ([record.variant.isEmpty ? record.folder : record.variant]
          + ["\(study.layout.grid)x\(space.width)\(space.vocabulary.map { ", \($0) codes" } ?? "")"] + numbers)
          .joined(separator: ", "))
    }
    for (index, others) in alike.enumerated() where others > 0 { labels[index] += " (and \(others) more)" }
    let columns = rows.map(\.count).min() ?? 0, size = rows[0][0]
    let sheet = ContactSheet(
      rows.flatMap { row in
        row.prefix(columns).map {
          $0.height == size.height && $0.width == size.width ? $0 : $0.stretched(height: size.height, width: size.width)
        }
      }, columns: columns, rowLabels: labels, title: "what tokenizers keep", scale: max(1, 64 / size.width))
    return [
      Panel(
        name, .sheet(sheet),
        caption:
          "The same pictures as the tokens of each tokenizer give them back: cells by numbers of a token, codes where there are any, and what the run measured of reconstructions."
      )
    ]
  }

  /// What makes tokens what they are: the tokenizer that was trained, or its settings.
  private static func key(of record: RunRecord) -> String {
    let settings = record.settings.filter { $0.key.hasPrefix("tokenizer.") }.map { "\($0.key)=\($0.value)" }.sorted()
    let seedless = settings.filter { !$0.contains(".training.") }.joined(separator: "\n")
    // Tokens that a direction lays out by levels are others in another layout.
    return seedless + (record.settings["direction.use"].map { "\n\($0)" } ?? "")
  }
}
