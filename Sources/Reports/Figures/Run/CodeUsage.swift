import Autoregression
import Glibc
import Images
import Laboratory
import Networks
import Tensors

/// How often real pictures use each code of a vocabulary.
enum CodeUsage: RunFigure {
  static let name = "codes"
  static let about = "How often each code of a vocabulary occurs, level by level."

  static func panels(of study: Study) throws -> [Panel] {
    guard let vocabulary = study.quantizer.space.vocabulary else {
      throw Inapplicable("the tokens of this tokenizer are continuous, and there is no codebook to use")
    }
    let dataset = study.assembly.dataset, count = min(512, dataset.count)
    var byLevel: [Int: [Int]] = [:]
    let slots = study.layout.slots
    for start in stride(from: 0, to: count, by: 64) {
      let rows = Array(stratifiedRows(count, over: dataset.count)[start..<min(count, start + 64)])
      let images = try dataset.batch(rows, flipped: rows.map { _ in false }).images
      var random = Random(seed: study.assembly.seed, samples: Array(start..<start + rows.count))
      let latents = withoutGradients { study.assembly.tokenizer.encode(images, &random) }
      for codes in study.direction.canvas(of: latents, by: study.quantizer).codes ?? [] {
        for (slot, code) in codes.enumerated() { byLevel[slots[slot].level, default: []].append(code) }
      }
    }
    let levels = byLevel.keys.sorted(), all = levels.flatMap { byLevel[$0] ?? [] }
    var groups = [("all", all)]
    if levels.count > 1 { groups += levels.prefix(6).map { ("level \($0)", byLevel[$0] ?? []) } }
    let plot = Plot(
      "\(study.name): use of \(vocabulary) codes", x: "codes, the most frequent first", y: "share of tokens",
      groups.map { name, codes in
        let counts = counted(codes).values.sorted(by: >)
        return Plot.Series(
          name, counts.enumerated().map { (Double($0.offset + 1), Double($0.element) / Double(codes.count)) })
      }, xScale: .log, yScale: .log)
    let said = groups.map { name, codes in
      "\(name): \(counted(codes).count) of \(vocabulary) occur, perplexity \(Progress.number(perplexity(codes)))"
    }
    return [
      Panel(
        name, .plot(plot),
        caption: "Codes of \(count) real pictures. " + said.joined(separator: "; ") + ".")
    ]
  }

  private static func counted(_ codes: [Int]) -> [Int: Int] { codes.reduce(into: [:]) { $0[$1, default: 0] += 1 } }

  /// e to the entropy: as many codes, evenly used, would say as much.
  static func perplexity(_ codes: [Int]) -> Double {
    let total = Double(max(1, codes.count))
    return exp(counted(codes).values.sorted().reduce(0.0) { $0 - Double($1) / total * log(Double($1) / total) })
  }
}
