import Foundation
import Images
import Laboratory

/// Sections that reports of one run and of several share.
extension Page {
  /// The command, environment and input files of a run.
  mutating func reproduction(of record: RunRecord, command: String?) {
    if let command {
      text("The command:")
      code(command)
    }
    text("The command that repeats it from its resolved file, in which every default is written out:")
    code("overtone run \(Quoting.shell("\(record.folder)/experiment.yaml")) results=Repeated")
    let facts = record.surroundings
    if !facts.isEmpty {
      let names = [
        "gitCommit": "git commit", "gitSources": "sources of the program",
        "gitChangedFiles": "files changed since", "folderCommit": "commit of the folder",
        "folderChangedFiles": "files changed there", "blas": "BLAS", "blasKernel": "BLAS kernel",
        "blasConfiguration": "BLAS as built", "memoryBytes": "memory, bytes", "hdf5": "HDF5",
      ]
      table(
        ["", ""],
        facts.map { name, value in
          // Older runs recorded the number of files that had changed in their folder.
          let isDirty = name == "gitSources" ? value == "changed since" : name == "gitChangedFiles" && value != "0"
          return [
            Cell(names[name] ?? name),
            Cell(value.isEmpty ? "unknown" : isDirty ? "\(value): the commit alone does not determine the run" : value),
          ]
        })
    }
    if record.inputs.isEmpty {
      text("There are no input files: the data set is generated.", quiet: true)
    } else {
      table(["input file", "SHA-256"], record.inputs.map { [Cell($0.path), Cell($0.hash)] })
    }
    if !record.stages.isEmpty {
      table(["stage", "folder of its checkpoint"], record.stages.map { [Cell($0.name), Cell($0.folder)] })
    }
  }

  /// Every setting with its value and the location that set it.
  mutating func configuration(of record: RunRecord) {
    let paths = record.settings.keys.sorted()
    details("Every setting (\(paths.count))") { page in
      if record.origins == nil {
        page.text("This run has no origins.json, which holds the locations that set its settings.", quiet: true)
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

  /// The drawings of a folder of figures; those of one figure side by side.
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
          ["figure", "reason"], index.leftOut.sorted { $0.key < $1.key }.map { [Cell($0.key), Cell($0.value)] })
      }
    }
  }

  /// Curves of training, one plot for each stage and quantity.
  mutating func curves(_ title: String, _ runs: [(name: String, curves: [RunRecord.Curve])], names: [String]? = nil) {
    let plots = CurvePlots(title, runs, names: names).plots
    guard !plots.isEmpty else { return text("There are no curves.", quiet: true) }
    for stage in ["tokenizer", "model"] {
      let stagePlots = plots.filter { $0.stage == stage }
      guard !stagePlots.isEmpty else { continue }
      heading("Training of the \(stage)")
      func draw(_ page: inout Page, _ chosen: (String) -> Bool) {
        page.row { page in
          for (_, name, plot) in stagePlots where chosen(name) {
            page.drawing(plot.svg(), caption: "\(name), along the steps of the \(stage).", isSheet: false)
          }
        }
      }
      let technical = CurvePlots.technical
      draw(&self) { !technical.contains($0) }
      if stagePlots.contains(where: { technical.contains($0.name) }) {
        details("Gradient norm, learning rate and speed of the \(stage)") {
          draw(&$0) { technical.contains($0) }
        }
      }
    }
  }

  /// The last 60 lines of the log.
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
  /// The sentence about a figure; empty for an unknown name.
  package static func about(_ name: String) -> String {
    ofRuns.first { $0.name == name }?.about ?? ofSweeps.first { $0.name == name }?.about ?? ""
  }
}
