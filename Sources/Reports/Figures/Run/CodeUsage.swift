import Autoregression
import Glibc
import Images
import Laboratory
import Networks
import Tensors

/// Frequency of each code of a codebook over real images, and its perplexity (van den Oord et al. 2017, arXiv
/// 1711.00937).
enum CodeUsage: RunFigure {
  static let name = "codes"
  static let about = "Frequency of each code of the codebook over real images, for each level."

  static func panels(of context: FigureContext) throws -> [Panel] {
    guard let vocabulary = context.quantizer.space.vocabulary else {
      throw Inapplicable("the tokens of this tokenizer are continuous, and there is no codebook")
    }
    let data = context.images, count = min(512, data.count)
    var byLevel: [Int: [Int]] = [:]
    let slots = context.layout.slots
    for start in stride(from: 0, to: count, by: 64) {
      let rows = Array(stratifiedRows(count, over: data.count)[start..<min(count, start + 64)])
      let images = try data.batch(rows).images
      var random = Random(seed: context.assembly.seed, samples: Array(start..<start + rows.count))
      let latents = withoutGradients { context.assembly.tokenizer.encode(images, &random) }
      for codes in context.direction.canvas(of: latents, by: context.quantizer).codes ?? [] {
        for (slot, code) in codes.enumerated() { byLevel[slots[slot].level, default: []].append(code) }
      }
    }
    let levels = byLevel.keys.sorted(), all = levels.flatMap { byLevel[$0] ?? [] }
    var groups = [("all", all)]
    if levels.count > 1 { groups += levels.prefix(6).map { ("level \($0)", byLevel[$0] ?? []) } }
    let plot = Plot(
      "\(context.name): use of \(vocabulary) codes", x: "codes by falling frequency", y: "fraction of tokens",
      groups.map { name, codes in
        let counts = Measures.counted(codes).values.sorted(by: >)
        return Plot.Series(
          name, counts.enumerated().map { (Double($0.offset + 1), Double($0.element) / Double(codes.count)) })
      }, xScale: .log, yScale: .log)
    let summaries = groups.map { name, codes in
      "\(name): \(Measures.counted(codes).count) of \(vocabulary) occur, "
        + "perplexity \(NumberFormat.short(Measures.perplexity(codes)))"
    }
    return [
      Panel(
        name, .plot(plot),
        caption: "Codes of \(count) real images. " + summaries.joined(separator: "; ") + ".")
    ]
  }
}
