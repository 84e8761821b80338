import Foundation
import Testing

@Suite struct DocumentTests {
  private static let root = URL(fileURLWithPath: #filePath + "/../../..").standardizedFileURL

  /// Paths in backticks that begin with a folder of the project.
  private static func paths(in text: String) -> [String] {
    text.split(separator: "`").map(String.init).filter { piece in
      ["Sources/", "Plugins/", "Tests/", "Experiments/", "docs/"].contains(where: piece.hasPrefix)
        && !piece.contains { " *<".contains($0) }
    }
  }

  @Test(
    "files and folders that a document names are there",
    arguments: ["README.md", "CONTRIBUTING.md", "docs/architecture.md", "docs/performance.md"])
  func paths(_ document: String) throws {
    let text = try String(contentsOf: Self.root.appendingPathComponent(document), encoding: .utf8)
    let missing = Self.paths(in: text).filter {
      !FileManager.default.fileExists(atPath: Self.root.appendingPathComponent($0).path)
    }
    // CONTRIBUTING shows how this one is written.
    #expect(missing.filter { $0 != "Plugins/Directions/Rows.swift" } == [], "in \(document)")
  }
}
