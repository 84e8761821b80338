import Autoregression
import Foundation
import Laboratory
import OvertoneCLI
import ProgramSupport
import Reports
import Testing

/// Experiments beside the released code of their methods: `Experiments/released`.
@Suite(.serialized) struct ReleasedTests {
  private func recipes() throws -> ReleasedRecipes { try ReleasedRecipes(above: "\(projectFolder)/Experiments/papers") }

  private func comparisons() throws -> [(name: String, comparison: ReleasedComparison)] {
    let recipes = try recipes(), registry = Registry.linked()
    return try PaperFiles.all.map { file in
      (
        String(file.dropFirst("Experiments/papers/".count)),
        try ReleasedComparison("\(projectFolder)/\(file)", recipes, registry: registry)
      )
    }
  }

  @Test(
    "settings listed as equal are equal in every file, those listed as different differ, and no file is without any")
  func rows() throws {
    for (name, comparison) in try comparisons() {
      #expect(!comparison.lines.isEmpty, "\(name)")
      for line in comparison.lines where line.outcome != .varies {
        let text = "\(name), \(line.recipe.scale), \(line.recipe.variant ?? "all"): \(line.row.setting)"
        #expect((line.outcome == .equal) == (line.row.reason == nil), "\(text) is \(line.ours ?? "not set")")
        if let here = line.row.here {
          #expect(line.ours.map { ReleasedComparison.isSame($0, here) } == true, "\(text)")
        }
      }
    }
  }

  @Test("every recipe names files that exist, its commit by 40 digits, and the line of each setting")
  func recipesAreSound() throws {
    let recipes = try recipes()
    for recipe in recipes.all {
      #expect(recipe.commit.count == 40 && recipe.repository.hasPrefix("https://github.com/"), "\(recipe.method)")
      for file in recipe.files {
        #expect(FileManager.default.fileExists(atPath: "\(recipes.root)/\(file)"), "\(file)")
      }
      for row in recipe.rows {
        #expect(row.source.contains(":") && Int(row.source.split(separator: ":").last ?? "") != nil, "\(row.source)")
      }
    }
  }

  @Test("where a file says that something is published, it or what it extends has settings of released code")
  func published() throws {
    let recipes = try recipes(), folder = recipes.root
    for file in try FileManager.default.subpathsOfDirectory(atPath: folder) where file.hasSuffix(".yaml") {
      guard !file.hasPrefix("released/"),
        try String(contentsOfFile: "\(folder)/\(file)", encoding: .utf8).lowercased().contains("published")
      else { continue }
      let isListed = recipes.all.contains { $0.files.contains(file) }
      let isCompared =
        try isListed || !ReleasedComparison("\(folder)/\(file)", recipes, registry: .linked()).lines.isEmpty
      #expect(isCompared, "\(file)")
    }
  }

  @Test("the tables of Experiments/papers/README.md are those that 'compare Experiments/papers --with released' prints")
  func overview() throws {
    let text = try String(contentsOfFile: "\(projectFolder)/Experiments/papers/README.md", encoding: .utf8)
    let parts = text.components(separatedBy: "<!-- compare --with released -->\n")
    let overview = try ReleasedOverview(comparisons()).markdown
    #expect(parts.count == 3 && parts[1] == overview)
  }
}
