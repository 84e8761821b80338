import Autoregression
import Images
import Laboratory
import Tensors

/// What the model is shown at each turn, what it answers, and what the picture is by then.
enum TurnStrip: RunFigure {
  static let name = "turns"
  static let about = "Turn by turn: what the model is shown, what the tokens are afterwards, and the picture decoded."

  static func panels(of study: Study) throws -> [Panel] {
    let classes = study.assembly.dataset.classNames, count = min(2, max(1, classes.count))
    let chosen = Study.thinned(study.turns(batch: count).count, to: 10)
    var columns: [String] = [], rows: [[Picture]] = Array(repeating: [], count: 3 * count), number = 0
    var random = Random(seed: study.assembly.seed, samples: Array(0..<count))
    _ = study.assembly.model.generate(Array(0..<count), study.assembly.sampling.guidance, &random) { stroke in
      defer { number += 1 }
      guard chosen.contains(number) else { return }
      columns.append("turn \(number + 1)")
      let turn = stroke.view.turn
      let level = turn.levels == nil ? study.level(of: turn) : study.layout.levels - 1
      let latent = study.direction.latent(of: stroke.canvas, through: level, by: study.quantizer)
      let images = study.decoded(latent)
      for sample in 0..<count {
        let (seen, isKnown) = shown(stroke.view, sample, study)
        rows[3 * sample].append(study.coloured(seen, at: 0).hidden(where: isKnown.map { !$0 }))
        rows[3 * sample + 1].append(study.coloured(latent, at: sample))
        rows[3 * sample + 2].append(Picture(images, at: sample))
      }
    }
    // Latents are drawn as large as pictures.
    let side = study.assembly.images.height
    rows = rows.map { row in
      row.map { $0.height == side ? $0 : $0.stretched(height: side, width: study.assembly.images.width) }
    }
    let labels = (0..<count).flatMap { ["\(classes[$0]): shown", "answer", "picture"] }
    let sheet = ContactSheet(
      rows.flatMap { $0 }, columns: columns.count, rowLabels: labels, columnLabels: columns,
      title: "\(study.name): turn by turn")
    return [
      Panel(
        name, .sheet(sheet),
        caption:
          "For \(count) classes: the tokens that the model is shown at a turn (hatched: nothing), the tokens after it, both in false colours of three channels, and the picture that these decode to. \(number) turns, \(columns.count) of them drawn."
      )
    ]
  }

  /// The rows that one sample is fed, laid out where they belong: a latent [1, height, width, channels], and which of
  /// its cells are fed anything.
  static func shown(_ view: View, _ sample: Int, _ study: Study) -> (Tensor, [Bool]) {
    let grid = study.layout.grid, width = view.inputs.values.shape[2]
    let rows = view.inputs.values.sliced(sample..<sample + 1, axis: 0).scalars
    let fed = view.shown[sample].compactMap { place in view.fed[sample][place].map { (place, $0) } }
    // Of several scales the finest that is shown says the most.
    let finest = fed.map(\.1.level).max() ?? 0, last = fed.filter { $0.1.level == finest }
    let own = study.layout.slots.filter { $0.level == finest }
    let side = own.isEmpty ? grid : study.side(of: finest)
    var values = [Float](repeating: 0, count: grid.count * width), isKnown = [Bool](repeating: false, count: grid.count)
    for (place, slot) in last {
      let row = min(side.height - 1, Int(slot.row * Float(side.height)))
      let column = min(side.width - 1, Int(slot.column * Float(side.width)))
      for y in row * grid.height / side.height..<(row + 1) * grid.height / side.height {
        for x in column * grid.width / side.width..<(column + 1) * grid.width / side.width {
          isKnown[y * grid.width + x] = true
          for c in 0..<width { values[(y * grid.width + x) * width + c] = rows[place * width + c] }
        }
      }
    }
    return (Tensor([1, grid.height, grid.width, width], values), isKnown)
  }
}
