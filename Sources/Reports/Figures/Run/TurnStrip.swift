import Autoregression
import Images
import Laboratory
import Tensors

/// Inputs of the model at each turn of a generation, the tokens after it, and the image that they decode to.
enum TurnStrip: RunFigure {
  static let name = "turns"
  static let about =
    "Turn by turn: the tokens given to the model, the tokens after the turn, and the image they decode to."

  static func panels(of context: FigureContext) throws -> [Panel] {
    let classes = context.assembly.dataset.classNames, count = min(2, max(1, classes.count))
    let chosen = FigureContext.subsampled(context.turns(batch: count).count, to: 10)
    var columns: [String] = [], rows: [[ByteImage]] = Array(repeating: [], count: 3 * count), number = 0
    var random = Random(seed: context.assembly.seed, samples: Array(0..<count))
    _ = context.assembly.model.generate(Array(0..<count), context.assembly.sampling.guidance, &random) { step in
      defer { number += 1 }
      guard chosen.contains(number) else { return }
      columns.append("turn \(number + 1)")
      let turn = step.view.turn
      let level = turn.levels == nil ? context.level(of: turn) : context.layout.levels - 1
      let latent = context.direction.latent(of: step.canvas, through: level, by: context.quantizer)
      let images = context.decoded(latent)
      for sample in 0..<count {
        let (input, isFilled) = shown(step.view, sample, context)
        rows[3 * sample].append(context.falseColours(input, at: 0).hidden(where: isFilled.map { !$0 }))
        rows[3 * sample + 1].append(context.falseColours(latent, at: sample))
        rows[3 * sample + 2].append(ByteImage(images, at: sample))
      }
    }
    // Latents are enlarged to the size of images.
    let side = context.assembly.images.height
    rows = rows.map { row in
      row.map { $0.height == side ? $0 : $0.stretched(height: side, width: context.assembly.images.width) }
    }
    let labels = (0..<count).flatMap { ["\(classes[$0]): input", "tokens", "image"] }
    let sheet = ContactSheet(
      rows.flatMap { $0 }, columns: columns.count, rowLabels: labels, columnLabels: columns,
      title: "\(context.name): turn by turn")
    return [
      Panel(
        name, .sheet(sheet),
        caption:
          "For \(count) classes: the tokens given to the model at a turn (checkered: none), the tokens after it, both "
          + "in false colours of three channels, and the decoded image. \(columns.count) of \(number) turns."
      )
    ]
  }

  /// The input tokens of one sample in the layout of a latent [1, height, width, channels], and the cells with one.
  static func shown(_ view: View, _ sample: Int, _ context: FigureContext) -> (Tensor, [Bool]) {
    let grid = context.layout.grid, width = view.inputs.values.shape[2]
    let rows = view.inputs.values.sliced(sample..<sample + 1, axis: 0).scalars
    let fed = view.shown[sample].compactMap { position in view.fed[sample][position].map { (position, $0) } }
    // Of several scales only the finest in the input is drawn.
    let finest = fed.map(\.1.level).max() ?? 0, last = fed.filter { $0.1.level == finest }
    let slots = context.layout.slots.filter { $0.level == finest }
    let side = slots.isEmpty ? grid : context.grid(of: finest)
    var values = [Float](repeating: 0, count: grid.count * width),
      isFilled = [Bool](repeating: false, count: grid.count)
    for (position, slot) in last {
      let row = min(side.height - 1, Int(slot.row * Float(side.height)))
      let column = min(side.width - 1, Int(slot.column * Float(side.width)))
      for y in row * grid.height / side.height..<(row + 1) * grid.height / side.height {
        for x in column * grid.width / side.width..<(column + 1) * grid.width / side.width {
          isFilled[y * grid.width + x] = true
          for c in 0..<width { values[(y * grid.width + x) * width + c] = rows[position * width + c] }
        }
      }
    }
    return (Tensor([1, grid.height, grid.width, width], values), isFilled)
  }
}
