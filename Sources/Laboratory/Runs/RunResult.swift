import Foundation

/// What a finished run measured, with the settings it ran with: `results.json` of a run folder.
package struct RunResult: Codable, Equatable {
  package struct Number: Codable, Equatable {
    package var name: String
    package var value: Double
    /// Nil: neither direction is better.
    package var lowerIsBetter: Bool?
    /// Images that it was measured on.
    package var count: Int

    package init(name: String, value: Double, lowerIsBetter: Bool?, count: Int) {
      self.name = name
      self.value = value
      self.lowerIsBetter = lowerIsBetter
      self.count = count
    }
  }
  var experiment: String
  package var variant: String
  var seed: Int
  var configuration: String
  /// Every setting by its path, defaults included.
  var settings: [String: String]
  package var measurements: [Number]

  package static func path(in folder: String) -> String { "\(folder)/results.json" }

  package func write(to folder: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try Folder.write(String(decoding: try encoder.encode(self), as: UTF8.self) + "\n", to: Self.path(in: folder))
  }

  package init(
    experiment: String, variant: String, seed: Int, configuration: String, settings: [String: String],
    measurements: [Number]
  ) {
    self.experiment = experiment
    self.variant = variant
    self.seed = seed
    self.configuration = configuration
    self.settings = settings
    self.measurements = measurements
  }

  package init(in folder: String) throws {
    let path = Self.path(in: folder)
    guard let data = FileManager.default.contents(atPath: path) else {
      throw LaboratoryError("\(path): there is no result yet; run the experiment first.")
    }
    do { self = try JSONDecoder().decode(RunResult.self, from: data) } catch {
      throw LaboratoryError("\(path): this is not what 'overtone run' writes; run the experiment again.")
    }
  }

  /// Every result below a folder, or of the folder itself, in the order of paths.
  package static func all(below folder: String) throws -> [RunResult] {
    if FileManager.default.fileExists(atPath: path(in: folder)) { return [try RunResult(in: folder)] }
    guard let paths = FileManager.default.enumerator(atPath: folder) else {
      throw LaboratoryError("\(folder): there is no such folder; name a run, a folder of runs, or an experiment file.")
    }
    let found = paths.compactMap { $0 as? String }.filter { $0.hasSuffix("/results.json") }.sorted {
      $0.compare($1, options: .numeric) == .orderedAscending
    }
    return try found.map { try RunResult(in: "\(folder)/\($0.dropLast("/results.json".count))") }
  }
}
