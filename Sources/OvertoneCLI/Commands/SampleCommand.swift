import ArgumentParser
import Autoregression
import Files
import Foundation
import Images
import Laboratory
import Settings

struct SampleCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sample", abstract: "Generate images with a trained experiment.",
    discussion: """
      Images are written as PNG files, as samples.h5 and as one grid.png, to a folder in RUN/sampled that is named by
      the options, or to the folder --out. The same call again replaces its folder: none holds images of two calls.

        overtone sample Results/quickstart/1 --class ring --count 16
        overtone sample Results/quickstart/1 --grid guidance=1,2,4 temperature=0.9,1 --count 2
        overtone sample Results/quickstart/1 sampling.guidance=3 --seed 7 --out more

      --grid varies one or two settings of generation: the first along columns, the second along rows.

      --image and --mask inpaint an image. The mask is an image of equal size, white where pixels are generated. Tokens
      without a white pixel are given to the model, and the given pixels are copied into the result, unless
      --no-compose is set.

        overtone sample Results/quickstart/1 --class ring --image input.png --mask mask.png
      """)
  @OptionGroup var trained: TrainedArguments
  @Option(name: .customLong("class"), help: "A class, by name or number; repeatable, all by default.")
  var classes: [String] = []
  @Option(help: "Images per class; by default sampling.per-class of the experiment.") var count: Int?
  @Option(parsing: .upToNextOption, help: "One or two settings with values: guidance=1,2,3 temperature=0.9,1.")
  var grid: [String] = []
  @Option(help: "Seed of the random numbers; by default that of the experiment.") var seed: Int?
  @Option(help: "The output folder; by default one in RUN/sampled, named by the options.") var out: String?
  @Option(help: "An image to inpaint.") var image: String?
  @Option(help: "The mask of --image: white pixels are generated, black ones kept.") var mask: String?
  @Flag(help: "Keep the decoder's output for given pixels, too.") var noCompose = false
  @Flag(name: .shortAndLong, help: "Print errors and the path of the images only.") var quiet = false

  func validate() throws {
    if let count, !(1...100_000).contains(count) {
      throw ValidationError("--count must be from 1 to 100000, not \(count).")
    }
    if let seed, seed < 0 { throw ValidationError("--seed must be 0 or more, not \(seed).") }
    guard grid.count <= 2 else { throw ValidationError("--grid varies one or two settings, not \(grid.count).") }
    guard (image == nil) == (mask == nil) else {
      throw ValidationError("--image and --mask go together: an image, and its mask.")
    }
    if noCompose && image == nil { throw ValidationError("--no-compose requires --image and --mask.") }
  }

  func run() throws {
    let journal = Journal(quiet: quiet), axes = try grid.map(Axis.init)
    var base = try trained.opened(with: [], journal)
    let assembly = base.assembly
    let output = try SampleFolder(try out ?? "\(base.folder)/sampled/\(folderName())")
    try base.load()
    let names = base.assembly.dataset.classNames
    let chosen = classes.isEmpty ? Array(names.indices) : try classes.map { try number(of: $0, names) }
    let perClass = count ?? (axes.isEmpty ? assembly.sampling.perClass : 1)
    let labels = chosen.flatMap { Array(repeating: $0, count: perClass) }
    let inpainting = try image.map {
      try Inpainting(image: $0, mask: mask ?? $0, isComposed: !noCompose, shape: assembly.images)
    }
    let start = seed.map { UInt64($0) } ?? assembly.seed
    var all: [ByteImage] = [], notes: [String] = []
    let cells = Self.cells(axes)
    for cell in cells {
      let run = cell.isEmpty ? base : try varied(base, cell, journal)
      let samples = try run.sampler.samples(of: labels, seed: start, in: inpainting)
      all += samples.images.map { inpainting?.composed($0) ?? $0 }
      notes += labels.map { _ in cell.joined(separator: " ") }
    }
    let title = "\(assembly.name), seed \(start)"
    let sheet =
      axes.isEmpty
      ? ContactSheet(all, columns: perClass, rowLabels: chosen.map { names[$0] }, title: title)
      : Self.sheet(of: all, axes, rows: labels.map { names[$0] }, title: title)
    try output.replace { folder in
      for (index, image) in all.enumerated() {
        let digits = String(index)
        try image.writePNG(to: "\(folder)/\(String(repeating: "0", count: max(0, 4 - digits.count)))\(digits).png")
      }
      try base.write(
        all, cells.flatMap { _ in labels }, seed: start, notes: axes.isEmpty ? [] : notes, to: "\(folder)/samples.h5")
      try sheet.image.writePNG(to: "\(folder)/grid.png")
    }
    print("\(output.path)/grid.png")
  }

  /// The name of a folder for equal calls, with a hash of all that distinguishes calls.
  private func folderName() throws -> String {
    let options =
      classes.map { "class=\($0)" } + (count.map { ["count=\($0)"] } ?? []) + (seed.map { ["seed=\($0)"] } ?? [])
    let words = grid + [image, mask].compactMap(\.self).map { URL(fileURLWithPath: $0).lastPathComponent }
    let changes = trained.overrides.filter { !$0.hasPrefix("results=") }
    let label = Sweep.name(of: changes, after: options + words + (noCompose ? ["no-compose"] : []))
    guard !label.isEmpty else { return "plain" }
    let contents = try [image, mask].compactMap(\.self).map { path in
      guard let hash = SHA256.hex(ofFile: path) else { throw LaboratoryError("\(path): there is no such file.") }
      return hash
    }
    let all = options + grid + contents + changes + ["compose=\(!noCompose)"]
    return "\(label)-\(SHA256.hex(of: all.joined(separator: "\n")).prefix(6))"
  }

  /// A class by its name or number.
  private func number(of text: String, _ names: [String]) throws -> Int {
    if let index = names.firstIndex(of: text) { return index }
    if let index = Int(text), names.indices.contains(index) { return index }
    let near = nearest(text, among: names).map { " Did you mean '\($0)'?" } ?? ""
    throw LaboratoryError(
      "there is no class '\(text)'; there are 0 to \(names.count - 1): "
        + "\(names.prefix(20).joined(separator: ", ")).\(near)"
    )
  }

  // MARK: Grids

  /// A setting and its values.
  private struct Axis {
    let key: String
    let values: [String]

    init(_ text: String) throws {
      guard let sign = text.firstIndex(of: "="), sign != text.startIndex, text.index(after: sign) != text.endIndex
      else { throw ValidationError("'\(text)' is not an axis of a grid; write it as guidance=1,2,3.") }
      key = String(text[..<sign])
      var values = [""], depth = 0
      for character in text[text.index(after: sign)...] {
        depth += "[{".contains(character) ? 1 : "]}".contains(character) ? -1 : 0
        if character == ",", depth == 0 { values.append("") } else { values[values.count - 1].append(character) }
      }
      guard values.allSatisfy({ !$0.isEmpty }) else { throw ValidationError("'\(text)': a value is empty.") }
      self.values = values
    }

    /// The path of the setting; a name without a dot is one of the section `sampling`.
    var path: String { key.contains(".") ? key : "sampling.\(key)" }
    var last: String { String(key.split(separator: ".").last ?? "") }
  }

  /// Overrides of each cell of the grid, row by row; one empty cell without axes.
  private static func cells(_ axes: [Axis]) -> [[String]] {
    guard let columns = axes.first else { return [[]] }
    let rows = axes.count > 1 ? axes[1].values.map { ["\(axes[1].path)=\($0)"] } : [[]]
    return rows.flatMap { row in columns.values.map { ["\(columns.path)=\($0)"] + row } }
  }

  /// The run with other settings of generation; throws if they select another model.
  private func varied(_ base: Run, _ cell: [String], _ journal: Journal) throws -> Run {
    var run = try trained.opened(with: cell, journal)
    run.assembly.dataset = base.assembly.dataset
    guard try Artefacts(of: run.assembly).model.folder == Artefacts(of: base.assembly).model.folder else {
      throw LaboratoryError(
        "--grid: \(cell.joined(separator: " ")) would need another model; a grid varies settings of generation, "
          + "such as guidance, temperature or loss.steps."
      )
    }
    try run.load()
    return run
  }

  /// Images of all cells [cells x names] as a sheet.
  private static func sheet(
    of images: [ByteImage], _ axes: [Axis], rows names: [String], title: String
  ) -> ContactSheet {
    let columns = axes[0].values.count, rows = axes.count > 1 ? axes[1].values : [""]
    // Images by cell become images by row: a row for each label of each row of cells.
    var laid: [ByteImage] = [], captions: [String] = []
    for (row, value) in rows.enumerated() {
      for (index, name) in names.enumerated() {
        captions.append(axes.count > 1 ? "\(axes[1].last) \(value) \(name)" : name)
        for column in 0..<columns { laid.append(images[(row * columns + column) * names.count + index]) }
      }
    }
    return ContactSheet(
      laid, columns: columns, rowLabels: captions, columnLabels: axes[0].values.map { "\(axes[0].last) \($0)" },
      title: title)
  }
}
