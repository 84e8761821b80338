import Autoregression
import Foundation
import Settings

/// The settings of an experiment file beside those of the released code.
package struct ReleasedComparison {
  /// The outcome for one setting.
  package enum Outcome: String, Sendable {
    /// The file has the value of the released code.
    case equal
    /// The file has another value, or no such setting.
    case differs
    /// The variants of the file differ in it.
    case varies
  }

  /// One setting of one recipe.
  package struct Line {
    /// The recipe that it belongs to.
    package let recipe: ReleasedRecipe
    /// The setting in the released code.
    package let row: ReleasedRecipe.Row
    /// The values of the file, separated by commas; nil where no variant has such a setting.
    package let ours: String?
    /// The outcome.
    package let outcome: Outcome
  }

  /// The path of the file, as it was given.
  package let file: String
  /// The settings, in the order of the recipes.
  package let lines: [Line]

  /// Resolves a file at every scale that recipes of it or of its parts name.
  ///
  /// A recipe of the file itself stands over one of its parts where both have a setting, or the section of one.
  package init(_ file: String, _ recipes: ReleasedRecipes, registry: Registry) throws {
    self.file = file
    let listed = recipes.recipes(of: try Sweep.files(of: file).reversed())
    var lines: [Line] = []
    for scale in unique(listed.map(\.scale)) {
      let name = URL(fileURLWithPath: file).deletingPathExtension().lastPathComponent
      let runs = try ExperimentRuns(Sweep(file: file, scale: scale), experiment: name, registry: registry)
      let here = listed.filter { $0.scale == scale }
      for (index, recipe) in here.enumerated() {
        let later = here[(index + 1)...].filter { $0.variant == recipe.variant }
        for row in recipe.rows where !later.contains(where: { $0.rows.contains { $0.replaces(row) } }) {
          lines.append(try Self.line(row, of: recipe, among: here, runs))
        }
      }
    }
    self.lines = lines
  }

  /// Compares one setting with the variants that it holds for: those of the recipe without those that another recipe
  /// names.
  private static func line(
    _ row: ReleasedRecipe.Row, of recipe: ReleasedRecipe, among recipes: [ReleasedRecipe], _ runs: ExperimentRuns
  ) throws -> Line {
    let others = recipes.filter { $0.variant != nil && $0.rows.contains { $0.setting == row.setting } }
    let specs = runs.specs.filter { spec in
      recipe.variant.map { $0 == spec.name } ?? !others.contains { $0.variant == spec.name }
    }
    let values = unique(specs.map { Self.value(of: row.setting, in: $0.settings.values) })
    let varied = recipe.variant == nil && Self.varies(row.setting, runs)
    let ours = values.contains { $0 != nil } ? values.map { $0 ?? "not set" }.joined(separator: ", ") : nil
    let isEqual = values.count == 1 && values[0].map { Self.isSame($0, row.released) } == true
    return Line(recipe: recipe, row: row, ours: ours, outcome: varied ? .varies : isEqual ? .equal : .differs)
  }

  /// True where the variants of a sweep differ in a setting, or in the section of it.
  private static func varies(_ setting: String, _ runs: ExperimentRuns) -> Bool {
    runs.variation.contains { $0 == setting || $0.hasPrefix("\(setting).") || setting.hasPrefix("\($0).") }
  }

  /// The value of a setting; of a section whose keys are all read, "{from: 1, to: 3}".
  private static func value(of setting: String, in values: [String: String]) -> String? {
    if let value = values[setting] { return value }
    let inner = values.filter { $0.key.hasPrefix("\(setting).") }.sorted { $0.key < $1.key }
    guard !inner.isEmpty else { return nil }
    return "{" + inner.map { "\($0.key.dropFirst(setting.count + 1)): \($0.value)" }.joined(separator: ", ") + "}"
  }

  /// True for two notations of one number, or two equal texts.
  package static func isSame(_ a: String, _ b: String) -> Bool {
    if let a = Double(a), let b = Double(b) { return a == b }
    return a == b
  }
}
