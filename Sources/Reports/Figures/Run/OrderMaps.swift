import Autoregression
import Images
import Laboratory
import Tensors

/// Which turn answers which cell.
enum OrderMaps: RunFigure {
  static let name = "order"
  static let about = "Which turn answers which cell, in any direction, found by asking it."

  private static let asked: SIMD3<UInt8> = [213, 94, 0], known: SIMD3<UInt8> = [0, 114, 178]
  private static let blank: SIMD3<UInt8> = [236, 236, 236]

  static func panels(of study: Study) throws -> [Panel] {
    let turns = study.turns(), chosen = Study.thinned(turns.count, to: 16)
    let names = chosen.map { index in
      "turn \(index + 1)" + (study.layout.levels > 1 ? ", level \(study.level(of: turns[index]))" : "")
    }
    let maps = chosen.map { map(of: turns[$0], study) }
    let columns = min(8, maps.count)
    let sheet = ContactSheet(
      maps, columns: columns, columnLabels: maps.count <= columns ? names : [],
      title: "\(study.name): turns 1 to \(turns.count)", scale: 1)
    var panels = [
      Panel(
        name, .sheet(sheet),
        caption:
          "One map a turn, in reading order\(chosen.count < turns.count ? " (turns \(chosen.map { "\($0 + 1)" }.joined(separator: ", ")))" : ""): cells asked for (orange), shown (blue), both (purple), neither (grey). Where a direction has several scales, the map is that of the scale asked for."
      )
    ]
    // Once each: a number for every slot.
    let slots = study.layout.slots
    guard slots.allSatisfy({ $0.level == slots[0].level }) else { return panels }
    let orders = [study.assembly.seed, study.assembly.seed &+ 1, study.assembly.seed &+ 2].map { seed in
      last(study.turns(seed: seed), of: slots.count)
    }
    guard orders.contains(where: { Set($0).count > 1 }) else { return panels }
    let distinct = orders.indices.filter { index in !orders[..<index].contains(orders[index]) }
    panels.append(
      Panel(
        "\(name)-last",
        .sheet(
          ContactSheet(
            distinct.map { shades(orders[$0], turns.count, study.layout.grid) }, columns: distinct.count,
            columnLabels: distinct.count > 1 ? distinct.map { "picture \($0 + 1)" } : [],
            title: "\(study.name): when is a cell settled?", scale: 1)),
        caption:
          "Dark cells are answered for the last time early, light ones late, of \(turns.count) turns\(distinct.count > 1 ? "; every picture has an order of its own" : ""). Where the order follows how sure the model is, chance stands for it here."
      ))
    return panels
  }

  /// What a turn shows and asks, some 96 pixels high.
  private static func map(of turn: Turn, _ study: Study) -> Picture {
    let slots = study.layout.slots, places = turn.places.indices(in: slots.count, sample: 0)
    let asked = turn.asked.indices(in: places.count, sample: 0).map { slots[places[$0]] }
    // Between levels of one canvas the map is that of the finest that is asked for.
    let level = asked.map(\.level).max() ?? 0, side = study.side(of: level)
    var colours = [SIMD3<UInt8>](repeating: blank, count: side.count)
    func cell(_ slot: Slot) -> Int {
      min(side.height - 1, Int(slot.row * Float(side.height))) * side.width
        + min(side.width - 1, Int(slot.column * Float(side.width)))
    }
    for place in turn.shown.indices(in: places.count, sample: 0) {
      let from = place - study.layout.shift
      if from >= 0, slots[places[from]].level == level { colours[cell(slots[places[from]])] = known }
    }
    for slot in asked where slot.level == level {
      let index = cell(slot)
      // Shown and asked: both.
      colours[index] = colours[index] == known && study.layout.shift == 0 ? [204, 121, 167] : self.asked
    }
    return painted(colours, side)
  }

  /// The turn, from 0, at which each slot is answered for the last time.
  static func last(_ turns: [Turn], of slots: Int) -> [Int] {
    var last = [Int](repeating: 0, count: slots)
    for (number, turn) in turns.enumerated() {
      for slot in turn.answered(of: slots, batch: 1).indices(in: slots, sample: 0) { last[slot] = number }
    }
    return last
  }

  private static func shades(_ order: [Int], _ turns: Int, _ grid: Grid) -> Picture {
    painted(
      order.map { turn in
        let share = Double(turn) / Double(max(1, turns - 1))
        // From dark blue through green to yellow.
        let low: SIMD3<Double> = [38, 30, 90], middle: SIMD3<Double> = [33, 145, 140],
          high: SIMD3<Double> = [253, 231, 37]
        let mixed = share < 0.5 ? low + (middle - low) * (2 * share) : middle + (high - middle) * (2 * share - 1)
        return SIMD3(UInt8(mixed.x), UInt8(mixed.y), UInt8(mixed.z))
      }, grid)
  }

  /// Cells as squares with a line between.
  private static func painted(_ colours: [SIMD3<UInt8>], _ side: Grid) -> Picture {
    let size = 96, gap = side.height > 24 ? 0 : 1
    var picture = Picture(height: size, width: size * side.width / max(1, side.height), colour: [255, 255, 255])
    for y in 0..<picture.height {
      for x in 0..<picture.width {
        let row = y * side.height / picture.height, column = x * side.width / picture.width
        let isEdge =
          gap > 0 && ((y + 1) * side.height / picture.height != row || (x + 1) * side.width / picture.width != column)
        guard !isEdge else { continue }
        let colour = colours[row * side.width + column]
        for c in 0..<3 { picture.pixels[3 * (y * picture.width + x) + c] = colour[c] }
      }
    }
    return picture
  }
}
