import Foundation
import Images
import Laboratory

/// Figures as they lie in the folder `figures` of a run or a sweep, with what is said of them.
package struct FigureFolder {
  /// One drawing on disk.
  package struct Entry: Codable {
    package var figure: String
    var name: String
    var caption: String
  }
  package struct Index: Codable {
    /// Of what it was drawn: another configuration, or a later result, needs it drawn again.
    package var configuration: String
    package var panels: [Entry]
    /// Why figures were left out, by name.
    package var leftOut: [String: String]
  }

  package let path: String

  package init(path: String) { self.path = path }
  private var indexPath: String { "\(path)/index.json" }

  /// Nil where nothing was drawn yet.
  package var index: Index? {
    FileManager.default.contents(atPath: indexPath).flatMap { try? JSONDecoder().decode(Index.self, from: $0) }
  }

  /// Draws some figures and writes each as PNG and SVG, and the numbers of curves as CSV. What is not drawn this time keeps its place.
  ///
  /// `say` is told every file, and why a figure is left out.
  func draw(
    _ figures: [(name: String, draw: () throws -> [Panel])], of configuration: String, say: (String) -> Void
  ) throws -> Index {
    try Folder.make(path)
    var index = self.index ?? Index(configuration: configuration, panels: [], leftOut: [:])
    if index.configuration != configuration { index = Index(configuration: configuration, panels: [], leftOut: [:]) }
    for figure in figures {
      index.panels.removeAll { $0.figure == figure.name }
      index.leftOut[figure.name] = nil
      do {
        for panel in try figure.draw() {
          try panel.drawing.picture.writePNG(to: "\(path)/\(panel.name).png")
          try Folder.write(panel.drawing.svg, to: "\(path)/\(panel.name).svg")
          if let csv = panel.drawing.csv { try Folder.write(csv, to: "\(path)/\(panel.name).csv") }
          index.panels.append(Entry(figure: figure.name, name: panel.name, caption: panel.caption))
          say("\(path)/\(panel.name).png")
        }
      } catch let reason as Inapplicable {
        index.leftOut[figure.name] = reason.description
        say("\(figure.name): left out, because \(reason)")
      }
    }
    let order = Figures.names
    index.panels.sort { (order.firstIndex(of: $0.figure) ?? 0) < (order.firstIndex(of: $1.figure) ?? 0) }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try Folder.write(String(decoding: try encoder.encode(index), as: UTF8.self) + "\n", to: indexPath)
    return index
  }
}
