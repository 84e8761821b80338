import Autoregression
import Images
import Laboratory
import Tensors

/// Maps of the order of generation: the cells given and predicted at each turn, and the last turn of each cell.
enum OrderMaps: RunFigure {
  static let name = "order"
  static let about = "Order of generation: the cells given and predicted at each turn."

  private static let predictedColour: SIMD3<UInt8> = [213, 94, 0], givenColour: SIMD3<UInt8> = [0, 114, 178]
  private static let neitherColour: SIMD3<UInt8> = [236, 236, 236]

  static func panels(of context: FigureContext) throws -> [Panel] {
    let turns = context.turns(), chosen = FigureContext.subsampled(turns.count, to: 16)
    let names = chosen.map { index in
      "turn \(index + 1)" + (context.layout.levels > 1 ? ", level \(context.level(of: turns[index]))" : "")
    }
    let maps = chosen.map { map(of: turns[$0], context) }
    let columns = min(8, maps.count)
    let sheet = ContactSheet(
      maps, columns: columns, columnLabels: maps.count <= columns ? names : [],
      title: "\(context.name): turns 1 to \(turns.count)", scale: 1)
    let selection =
      chosen.count < turns.count ? " (turns \(chosen.map { "\($0 + 1)" }.joined(separator: ", ")))" : ""
    var panels = [
      Panel(
        name, .sheet(sheet),
        caption:
          "One map for each turn, in reading order\(selection): cells predicted (orange), given (blue), both (purple), "
          + "neither (grey). Of several scales, the map shows the predicted one."
      )
    ]
    // A single scale: the last turn of every cell as a shade.
    let slots = context.layout.slots
    guard slots.allSatisfy({ $0.level == slots[0].level }) else { return panels }
    let orders = [context.assembly.seed, context.assembly.seed &+ 1, context.assembly.seed &+ 2].map { seed in
      context.lastTurns(of: context.turns(seed: seed))
    }
    guard orders.contains(where: { Set($0).count > 1 }) else { return panels }
    let distinct = orders.indices.filter { index in !orders[..<index].contains(orders[index]) }
    panels.append(
      Panel(
        "\(name)-last",
        .sheet(
          ContactSheet(
            distinct.map { shades(orders[$0], turns.count, context.layout.grid) }, columns: distinct.count,
            columnLabels: distinct.count > 1 ? distinct.map { "image \($0 + 1)" } : [],
            title: "\(context.name): last turn of each cell", scale: 1)),
        caption:
          "Dark cells are predicted for the last time early, light ones late, of \(turns.count) turns"
          + "\(distinct.count > 1 ? "; the order differs between images" : ""). "
          + "An order by confidence is drawn at random here."
      ))
    return panels
  }

  /// The cells given and predicted at a turn, 96 pixels high.
  private static func map(of turn: Turn, _ context: FigureContext) -> ByteImage {
    let slots = context.layout.slots, positions = turn.slots.indices(in: slots.count, sample: 0)
    let asked = turn.predicted.indices(in: positions.count, sample: 0).map { slots[positions[$0]] }
    // Of several levels the finest predicted one is drawn.
    let level = asked.map(\.level).max() ?? 0, side = context.grid(of: level)
    var colours = [SIMD3<UInt8>](repeating: neitherColour, count: side.count)
    func cell(_ slot: Slot) -> Int {
      min(side.height - 1, Int(slot.row * Float(side.height))) * side.width
        + min(side.width - 1, Int(slot.column * Float(side.width)))
    }
    for position in turn.shown.indices(in: positions.count, sample: 0) {
      let from = position - context.layout.shift
      if from >= 0, slots[positions[from]].level == level { colours[cell(slots[positions[from]])] = givenColour }
    }
    for slot in asked where slot.level == level {
      let index = cell(slot)
      colours[index] = colours[index] == givenColour && context.layout.shift == 0 ? [204, 121, 167] : predictedColour
    }
    return drawn(colours, side)
  }

  /// The last turn of each cell as a colour.
  private static func shades(_ order: [Int], _ turns: Int, _ grid: Grid) -> ByteImage {
    drawn(
      order.map { turn in
        let fraction = Double(turn) / Double(max(1, turns - 1))
        // Dark blue, green, yellow: luminance rises with the turn.
        let dark: SIMD3<Double> = [38, 30, 90], middle: SIMD3<Double> = [33, 145, 140],
          light: SIMD3<Double> = [253, 231, 37]
        let colour =
          fraction < 0.5
          ? dark + (middle - dark) * (2 * fraction) : middle + (light - middle) * (2 * fraction - 1)
        return SIMD3(UInt8(colour.x), UInt8(colour.y), UInt8(colour.z))
      }, grid)
  }

  /// Cells as squares, separated by a line for at most 24 rows.
  private static func drawn(_ colours: [SIMD3<UInt8>], _ side: Grid) -> ByteImage {
    let size = 96, gap = side.height > 24 ? 0 : 1
    var image = ByteImage(height: size, width: size * side.width / max(1, side.height), colour: [255, 255, 255])
    for y in 0..<image.height {
      for x in 0..<image.width {
        let row = y * side.height / image.height, column = x * side.width / image.width
        let isEdge =
          gap > 0 && ((y + 1) * side.height / image.height != row || (x + 1) * side.width / image.width != column)
        guard !isEdge else { continue }
        let colour = colours[row * side.width + column]
        for c in 0..<3 { image.pixels[3 * (y * image.width + x) + c] = colour[c] }
      }
    }
    return image
  }
}
