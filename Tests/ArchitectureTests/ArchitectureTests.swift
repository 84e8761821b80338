import Foundation
import Testing

/// The project these tests belong to, read once.
let project = Result {
  try Project(root: URL(fileURLWithPath: #filePath + "/../../..").standardizedFileURL.path)
}

@Suite("the project keeps its rules") struct ArchitectureTests {
  @Test("nothing in the project breaks", arguments: Rule.all.map(\.name))
  func holds(_ name: String) throws {
    let rule = try #require(Rule.all.first { $0.name == name })
    let found = try rule.violations(project.get())
    #expect(found.isEmpty, "\(found.map(\.description).joined(separator: "\n"))")
  }

  @Test("every source file is read")
  func everyFile() throws {
    let targets = try Set(project.get().sources.map(\.target))
    #expect(targets.isSuperset(of: ["Tensors", "Autoregression", "Losses", "Laboratory", "overtone"]))
  }

  @Test("exceptions are few, and none is kept that is not needed")
  func exceptions() throws {
    #expect(Rule.allowedTraps.count <= 5)
    #expect(Rule.wideKernels.count <= 8)
    let files = try project.get().files
    for (path, trap, _) in Rule.allowedTraps {
      let file = try #require(files.first { $0.path == path })
      #expect(Rule.traps(in: file).contains { $0.trap == trap }, "\(path) has no '\(trap)'")
    }
    for (path, function) in Rule.wideKernels {
      let file = try #require(files.first { $0.path == path })
      #expect(path.hasPrefix("Sources/Tensors/"))
      #expect(file.declarations.contains { $0.name == function && $0.parameters.count > Rule.mostParameters })
    }
    for (key, path, _) in Rule.ordinaryWords {
      let file = try #require(files.first { $0.path == path })
      #expect(file.tokens.contains { $0.kind == .string && $0.text == key }, "\(path) has no \"\(key)\"")
    }
  }
}
