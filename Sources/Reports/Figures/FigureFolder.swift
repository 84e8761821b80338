import Foundation
import Images
import Laboratory

/// The folder `figures` of a run or a sweep, with an index of its drawings and their captions.
package struct FigureFolder {
  /// One drawing on disk.
  package struct Entry: Codable {
    /// The name of its figure.
    package var figure: String
    /// The base name of its files.
    package var name: String
    /// The caption of the drawing.
    package var caption: String
  }
  /// The file index.json.
  package struct Index: Codable {
    /// Fingerprint of the runs that were drawn; drawings of another fingerprint are out of date.
    package var configuration: String
    /// Drawings, in the order of `Figures.names`.
    package var panels: [Entry]
    /// Reasons for which figures do not apply, by name.
    package var leftOut: [String: String]
  }

  /// The folder.
  package let path: String

  /// The folder at a path, which need not exist yet.
  package init(path: String) { self.path = path }

  private var indexPath: String { "\(path)/index.json" }

  /// The index on disk; nil before the first drawing.
  package var index: Index? {
    FileManager.default.contents(atPath: indexPath).flatMap { try? JSONDecoder().decode(Index.self, from: $0) }
  }

  /// Draws figures and writes each as PNG and SVG, and the numbers of curves as CSV.
  ///
  /// Drawings of other figures are kept while they are of the same configuration. `log` receives the path of every
  /// file, and the reason for a figure that is left out.
  package func draw(
    _ figures: [(name: String, draw: () throws -> [Panel])], of configuration: String, log: (String) -> Void
  ) throws -> Index {
    try Folder.make(path)
    let earlier = self.index?.panels.map(\.name) ?? []
    var index = self.index ?? Index(configuration: configuration, panels: [], leftOut: [:])
    if index.configuration != configuration { index = Index(configuration: configuration, panels: [], leftOut: [:]) }
    for figure in figures {
      index.panels.removeAll { $0.figure == figure.name }
      index.leftOut[figure.name] = nil
      do {
        for panel in try figure.draw() {
          try panel.drawing.image.writePNG(to: "\(path)/\(panel.name).png")
          try Folder.write(panel.drawing.svg, to: "\(path)/\(panel.name).svg")
          if let csv = panel.drawing.csv {
            try Folder.write(csv, to: "\(path)/\(panel.name).csv")
          } else {
            try? FileManager.default.removeItem(atPath: "\(path)/\(panel.name).csv")
          }
          index.panels.append(Entry(figure: figure.name, name: panel.name, caption: panel.caption))
          log("\(path)/\(panel.name).png")
        }
      } catch let reason as Inapplicable {
        index.leftOut[figure.name] = reason.description
        log("\(figure.name): left out, because \(reason)")
      }
    }
    let order = Figures.names
    index.panels.sort { (order.firstIndex(of: $0.figure) ?? 0) < (order.firstIndex(of: $1.figure) ?? 0) }
    try Folder.write(try JSON.encoded(index), to: indexPath)
    // Drawings that an earlier call made and that are not among those of now.
    for name in Set(earlier).subtracting(index.panels.map(\.name)) where !name.contains("/") {
      for kind in ["png", "svg", "csv"] { try? FileManager.default.removeItem(atPath: "\(path)/\(name).\(kind)") }
    }
    return index
  }
}
