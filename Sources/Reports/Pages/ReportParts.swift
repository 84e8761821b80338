import Foundation
import Images
import Laboratory

/// What reports of one run and of several have in common.
extension Page {
  /// The facts that say how a run came about.
  mutating func repetition(of record: RunRecord, command: String?) {
    if let command {
      text("The command that was typed:")
      code(command)
    }
    text("The same run again, from its resolved file, in which every default is written out:")
    code("overtone run \(Environment.quoted("\(record.folder)/experiment.yaml")) results=Repeated")
    let facts = record.surroundings
    if !facts.isEmpty {
      let names = [
        "gitCommit": "git commit", "gitChangedFiles": "files changed since", "blas": "BLAS",
        "blasKernel": "BLAS kernel",
        "blasConfiguration": "BLAS as built", "memoryBytes": "memory, bytes", "hdf5": "HDF5",
      ]
      table(
        ["", ""],
        facts.map { name, value in
          let isDirty = name == "gitChangedFiles" && value != "0"
          return [
            Cell(names[name] ?? name),
            Cell(value.isEmpty ? "unknown" : isDirty ? "\(value): the commit alone does not say what was run" : value),
          ]
        })
    }
    if record.inputs.isEmpty {
      text("It read no files: its data set is computed.", quiet: true)
    } else {
      table(["file that was read", "SHA-256"], record.inputs.map { [Cell($0.path), Cell($0.hash)] })
    }
    if !record.stages.isEmpty {
      table(["stage", "what was trained lies in"], record.stages.map { [Cell($0.name), Cell($0.folder)] })
    }
  }

  /// Every setting with its value and where that comes from.
  mutating func configuration(of record: RunRecord) {
    let paths = record.settings.keys.sorted()
    details("Every setting (\(paths.count))") { page in
      if record.origins == nil {
        page.text("This run did not keep where its settings come from; runs from now on do.", quiet: true)
      }
      page.table(
        ["setting", "value"] + (record.origins == nil ? [] : ["set by"]),
        paths.map { path in
          let origin = record.origins?[path]
          return [Cell(path), Cell(record.settings[path] ?? "", isStrong: origin != nil)]
            + (record.origins == nil ? [] : [Cell(origin ?? "default")])
        })
    }
  }

  /// Drawings of a folder of figures; those of one figure beside each other.
  mutating func figures(in folder: String, _ index: FigureFolder.Index, except hidden: Set<String> = []) {
    var names: [String] = []
    for panel in index.panels where !names.contains(panel.figure) { names.append(panel.figure) }
    for name in names where !hidden.contains(name) {
      let about = Figures.about(name)
      heading(about.isEmpty ? name : String(about.dropLast()))
      let panels = index.panels.filter { $0.figure == name }
      func add(_ page: inout Page) {
        for panel in panels {
          guard let svg = try? String(contentsOfFile: "\(folder)/\(panel.name).svg", encoding: .utf8) else { continue }
          page.drawing(svg, caption: panel.caption, isSheet: svg.contains("<image"))
        }
      }
      if panels.count > 1 { row(add) } else { add(&self) }
    }
    if !index.leftOut.isEmpty {
      details("Figures that were left out (\(index.leftOut.count))") { page in
        page.table(
          ["figure", "why"], index.leftOut.sorted { $0.key < $1.key }.map { [Cell($0.key), Cell($0.value)] })
      }
    }
  }

  /// Curves of training.
  mutating func curves(_ title: String, _ runs: [(name: String, curves: [RunRecord.Curve])], names: [String]? = nil) {
    let plots = CurvePlots(title, runs, names: names).plots
    guard !plots.isEmpty else { return text("No curve was kept.", quiet: true) }
    for stage in ["tokenizer", "model"] {
      let own = plots.filter { $0.stage == stage }
      guard !own.isEmpty else { continue }
      heading("Training of the \(stage)")
      func draw(_ page: inout Page, _ chosen: (String) -> Bool) {
        page.row { page in
          for (_, name, plot) in own where chosen(name) {
            page.drawing(plot.svg(), caption: "\(name), along the steps of the \(stage).", isSheet: false)
          }
        }
      }
      let technical = CurvePlots.technical
      draw(&self) { !technical.contains($0) }
      if own.contains(where: { technical.contains($0.name) }) {
        details("How the training of the \(stage) went: gradients, rate, speed") {
          draw(&$0) { technical.contains($0) }
        }
      }
    }
  }

  /// The end of what a run said.
  mutating func log(of record: RunRecord) {
    let lines = ((try? String(contentsOfFile: "\(record.folder)/log.txt", encoding: .utf8)) ?? "").split(
      separator: "\n")
    guard !lines.isEmpty else { return }
    details("The log\(lines.count > 60 ? ", its last 60 lines" : "")") {
      $0.code(lines.suffix(60).joined(separator: "\n"))
    }
  }
}

extension Figures {
  static func about(_ name: String) -> String {
    ofRuns.first { $0.name == name }?.about ?? ofSweeps.first { $0.name == name }?.about ?? ""
  }
}
