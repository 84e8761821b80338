import Foundation
import Testing

@Suite struct DrawingTests {
  @Test("the drawing shows every target, and the arrows of Package.swift")
  func drawing() throws {
    let manifest = try Manifest(project.get().manifest)
    #expect(Drawing.differences(from: manifest) == [])
    let file = URL(fileURLWithPath: #filePath + "/../../../docs/architecture.svg").standardizedFileURL
    let drawn = try String(contentsOf: file, encoding: .utf8)
    #expect(drawn == Drawing(manifest).svg, "docs/architecture.svg is out of date: `make architecture` draws it anew")
  }

  @Test("an arrow that follows from others is left out")
  func reduction() {
    let arrows = Arrows(["a": ["b", "c", "d"], "b": ["c"], "c": ["d"], "d": []])
    #expect(arrows.pairs.map { "\($0.from)\($0.to)" } == ["ab", "bc", "cd"])
  }
}
