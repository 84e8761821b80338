import ArgumentParser
import Autoregression
import Files
import Foundation
import Images
import Laboratory
import Reports

struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare", abstract: "Print differences between runs: settings, environment, inputs, results.",
    discussion: """
      Two or more runs by folder, or variants of an experiment file, whose seeds are averaged:

        overtone compare Results/quickstart/1 Results/quickstart/2
        overtone compare Experiments/smoke/sweep.yaml full,filter=ideal band,filter=ideal --plot losses
        overtone compare Results/ablation --format md

      --plot draws the loss of every stage, one curve for each run, as PNG and SVG: losses-model.png, losses-model.svg;
      and what was measured on held-out images: losses-model-validation-loss.png. --curve selects other curves, such as
      gradient-norm or 'validation loss level 2'; 'overtone inspect' of a metrics.h5 lists them.

      --with released compares the settings of an experiment file with those of the method's released code, without any
      run: value there, value here, where it was read, and whether they are equal. A folder gives an overview in
      Markdown.

        overtone compare Experiments/papers/far/sizes.yaml --with released
        overtone compare Experiments/papers --with released > overview.md
      """)
  @OptionGroup var runs: RunSourceArguments
  @Option(help: "text, md or json.") var format: Comparison.Format = .text
  @Flag(help: "Print JSON, as --format json does.") var json = false
  @Option(help: "released: compare an experiment file with the released code of its method.") var with: Reference?
  @Option(help: "Draw curves of all runs in one plot, into files of this name.") var plot: String?
  @Option(help: "A curve to draw; repeatable. By default the loss, and that on held-out images.")
  var curve: [String] = []

  /// Something other than runs that an experiment can be compared with.
  enum Reference: String, ExpressibleByArgument, CaseIterable {
    /// The settings of released code, in the folder `released`.
    case released
  }

  func run() throws {
    let format = json ? .json : format
    if with == .released {
      for source in runs.sources { print(try Self.released(source, format), terminator: "") }
      return
    }
    let records = try runs.opened().flatMap(\.records)
    let sides = Comparison.sides(of: records)
    guard sides.count > 1 else {
      throw LaboratoryError(
        "\(runs.sources.joined(separator: " ")): \(sides.count == 1 ? "this is one run" : "there is no run"), "
          + "and a comparison takes two; name another run or variant."
      )
    }
    let comparison = try Comparison(sides)
    print(comparison.text(as: format), terminator: "")
    guard let plot else { return }
    let curves = curve.isEmpty ? CurvePlots.compared : curve
    let drawn = CurvePlots("compared", records.map { ("\(name(of: $0, in: sides))", $0.curves) }, names: curves).plots
    guard !drawn.isEmpty else {
      let available = Set(records.flatMap { $0.curves.map(\.title) }).sorted()
      throw LaboratoryError(
        "--curve: no run kept \(curves.joined(separator: ", ")); there are \(available.joined(separator: ", ")).")
    }
    let base = ["png", "svg"].contains(URL(fileURLWithPath: plot).pathExtension) ? String(plot.dropLast(4)) : plot
    for (stage, name, plot) in drawn {
      let isNamed = curve.isEmpty ? name != "loss" : curve.count > 1
      let path = "\(base)-\(stage)\(isNamed ? "-" + name.split(separator: " ").joined(separator: "-") : "")"
      try plot.image().writePNG(to: "\(path).png")
      try writeWhole(Array(plot.svg().utf8), to: "\(path).svg")
      FileHandle.standardError.write(Data("\(path).png\n\(path).svg\n".utf8))
    }
  }

  /// An experiment file, or all files below a folder, beside the released code.
  static func released(_ source: String, _ format: Comparison.Format) throws -> String {
    let recipes = try ReleasedRecipes(above: source), registry = Registry.linked()
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: source, isDirectory: &isFolder), isFolder.boolValue else {
      return try ReleasedComparison(source, recipes, registry: registry).text(as: format)
    }
    let files = try FileManager.default.subpathsOfDirectory(atPath: source).filter { $0.hasSuffix(".yaml") }.sorted()
    let comparisons = try files.map { ($0, try ReleasedComparison("\(source)/\($0)", recipes, registry: registry)) }
    return ReleasedOverview(comparisons).markdown
  }

  /// A legend entry: the letter of the side, its title up to 32 characters, and the seed if there are several.
  private func name(of record: RunRecord, in sides: [Comparison.Side]) -> String {
    guard let index = sides.firstIndex(where: { $0.runs.contains { $0.folder == record.folder } }) else {
      return record.title
    }
    let side = sides[index], letter = Comparison.letter(index)
    let title = side.title.count <= 32 ? "\(letter): \(side.title)" : letter
    return side.runs.count > 1 ? "\(title), seed \(record.seed)" : title
  }
}
