import ArgumentParser
import Autoregression
import Foundation
import Images
import Laboratory
import Settings

struct SampleCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sample", abstract: "Make pictures with a trained experiment.",
    discussion: """
      Pictures are written one by one, as samples.h5, and together as grid.png, into RUN/sampled or the folder --out.

        overtone sample Results/quickstart/1 --class ring --count 16
        overtone sample Results/quickstart/1 --grid guidance=1,2,4 temperature=0.9,1 --count 2
        overtone sample Results/quickstart/1 sampling.guidance=3 --seed 7 --out more

      --grid varies one or two settings that only matter once training has ended: columns first, then rows.

      --image and --mask paint part of a picture anew. The mask is a picture of the same size: white is painted, black
      stays. Tokens that touch no white pixel are given to the model, and afterwards the known pixels are laid over
      what was painted, byte for byte, unless --no-compose is given.

        overtone sample Results/quickstart/1 --class ring --image picture.png --mask mask.png
      """)
  @OptionGroup var trained: TrainedArguments
  @Option(name: .customLong("class"), help: "Only this class, by name or number; may be given several times.")
  var classes: [String] = []
  @Option(help: "Pictures of each class; left out: as the experiment's sampling.per-class says.") var count: Int?
  @Option(parsing: .upToNextOption, help: "One or two settings with values: guidance=1,2,3 temperature=0.9,1.")
  var grid: [String] = []
  @Option(help: "What the pictures' random numbers hang on; left out: the experiment's seed.") var seed: Int?
  @Option(help: "The folder to write into; left out: RUN/sampled.") var out: String?
  @Option(help: "A picture of which part is painted anew.") var image: String?
  @Option(help: "Which part: white is painted, black stays.") var mask: String?
  @Flag(help: "Leave known pixels as the decoder gives them back.") var noCompose = false
  @Flag(name: .shortAndLong, help: "Say nothing but errors and where the pictures are.") var quiet = false

  func validate() throws {
    if let count, !(1...100_000).contains(count) {
      throw ValidationError("--count must be from 1 to 100000, not \(count).")
    }
    if let seed, seed < 0 { throw ValidationError("--seed must be 0 or more, not \(seed).") }
    guard grid.count <= 2 else { throw ValidationError("--grid varies one or two settings, not \(grid.count).") }
    guard (image == nil) == (mask == nil) else {
      throw ValidationError("--image and --mask go together: a picture, and which part of it is painted.")
    }
    if noCompose && image == nil { throw ValidationError("--no-compose speaks of --image and --mask.") }
  }

  func run() throws {
    let journal = Journal(quiet: quiet), axes = try grid.map(Axis.init)
    var base = try trained.opened(with: [], journal)
    let folder = out ?? "\(base.folder)/sampled", assembly = base.assembly
    try base.load()
    try Folder.make(folder)
    let names = base.assembly.dataset.classNames
    let chosen = classes.isEmpty ? Array(names.indices) : try classes.map { try number(of: $0, names) }
    let each = count ?? (axes.isEmpty ? assembly.sampling.perClass : 1)
    let labels = chosen.flatMap { Array(repeating: $0, count: each) }
    let inpainting = try image.map {
      try Inpainting(image: $0, mask: mask ?? $0, isComposed: !noCompose, shape: assembly.images)
    }
    let start = seed.map { UInt64($0) } ?? assembly.seed
    var all: [Picture] = [], notes: [String] = []
    let cells = Self.cells(axes)
    for cell in cells {
      let run = cell.isEmpty ? base : try varied(base, cell, journal)
      let made = try run.pictures(labels, seed: start, of: inpainting).0
      all += made.map { inpainting?.composed($0) ?? $0 }
      notes += labels.map { _ in cell.joined(separator: " ") }
    }
    for (index, picture) in all.enumerated() {
      let digits = String(index)
      try picture.writePNG(to: "\(folder)/\(String(repeating: "0", count: max(0, 4 - digits.count)))\(digits).png")
    }
    try base.write(
      all, cells.flatMap { _ in labels }, seed: start, notes: axes.isEmpty ? [] : notes, to: "\(folder)/samples.h5")
    let title = "\(assembly.name), seed \(start)"
    let sheet =
      axes.isEmpty
      ? ContactSheet(all, columns: each, rowLabels: chosen.map { names[$0] }, title: title)
      : Self.sheet(all, axes, labels.map { names[$0] }, title)
    try sheet.picture.writePNG(to: "\(folder)/grid.png")
    print("\(folder)/grid.png")
  }

  /// A class by its name or number.
  private func number(of text: String, _ names: [String]) throws -> Int {
    if let index = names.firstIndex(of: text) { return index }
    if let index = Int(text), names.indices.contains(index) { return index }
    let near = nearest(text, among: names).map { " Did you mean '\($0)'?" } ?? ""
    throw LaboratoryError(
      "there is no class '\(text)'; there are 0 to \(names.count - 1): \(names.prefix(20).joined(separator: ", ")).\(near)"
    )
  }

  // MARK: Grids

  /// One setting and its values.
  private struct Axis {
    let key: String
    let values: [String]

    init(_ text: String) throws {
      guard let sign = text.firstIndex(of: "="), sign != text.startIndex, text.index(after: sign) != text.endIndex
      else { throw ValidationError("'\(text)' is no axis of a grid; write it as guidance=1,2,3.") }
      key = String(text[..<sign])
      var values = [""], depth = 0
      for character in text[text.index(after: sign)...] {
        depth += "[{".contains(character) ? 1 : "]}".contains(character) ? -1 : 0
        if character == ",", depth == 0 { values.append("") } else { values[values.count - 1].append(character) }
      }
      guard values.allSatisfy({ !$0.isEmpty }) else { throw ValidationError("'\(text)': a value is empty.") }
      self.values = values
    }

    /// A bare word is a setting of the section `sampling`.
    var path: String { key.contains(".") ? key : "sampling.\(key)" }
    var last: String { String(key.split(separator: ".").last ?? "") }
  }

  /// The overrides of each cell, row by row; one empty cell without axes.
  private static func cells(_ axes: [Axis]) -> [[String]] {
    guard let columns = axes.first else { return [[]] }
    let rows = axes.count > 1 ? axes[1].values.map { ["\(axes[1].path)=\($0)"] } : [[]]
    return rows.flatMap { row in columns.values.map { ["\(columns.path)=\($0)"] + row } }
  }

  /// The same run with other settings of its generation.
  private func varied(_ base: Run, _ cell: [String], _ journal: Journal) throws -> Run {
    var run = try trained.opened(with: cell, journal)
    run.assembly.dataset = base.assembly.dataset
    guard try Artefacts(of: run.assembly).model.folder == Artefacts(of: base.assembly).model.folder else {
      throw LaboratoryError(
        "--grid: \(cell.joined(separator: " ")) would be another model; a grid varies what only matters in generation, such as guidance, temperature or loss.steps."
      )
    }
    try run.load()
    return run
  }

  private static func sheet(_ pictures: [Picture], _ axes: [Axis], _ names: [String], _ title: String) -> ContactSheet {
    let columns = axes[0].values.count, rows = axes.count > 1 ? axes[1].values : [""]
    // From cell by cell to row by row: one row for each label of each row of cells.
    var laid: [Picture] = [], captions: [String] = []
    for (row, value) in rows.enumerated() {
      for (index, name) in names.enumerated() {
        captions.append(axes.count > 1 ? "\(axes[1].last) \(value) \(name)" : name)
        for column in 0..<columns { laid.append(pictures[(row * columns + column) * names.count + index]) }
      }
    }
    return ContactSheet(
      laid, columns: columns, rowLabels: captions, columnLabels: axes[0].values.map { "\(axes[0].last) \($0)" },
      title: title)
  }
}
