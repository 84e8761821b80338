import Foundation

/// The measurements of a finished run with its settings: `results.json` of a run folder.
package struct RunResult: Codable, Equatable {
  /// One measured quantity.
  package struct Number: Codable, Equatable {
    /// "psnr", "FD[randconv64-v1]".
    package var name: String
    /// The value; not finite where the images were not.
    package var value: Double
    /// Nil where neither smaller nor larger values are better.
    package var lowerIsBetter: Bool?
    /// Images that were compared.
    package var count: Int

    /// A quantity with its value.
    package init(name: String, value: Double, lowerIsBetter: Bool?, count: Int) {
      self.name = name
      self.value = value
      self.lowerIsBetter = lowerIsBetter
      self.count = count
    }
  }
  /// The experiment's name.
  var experiment: String
  /// The variant's name; empty outside a sweep.
  package var variant: String
  /// The root of all random number streams.
  var seed: Int
  /// The fingerprint of the configuration.
  var configuration: String
  /// All settings by its path, defaults included.
  var settings: [String: String]
  /// The quantities in the order of the experiment's metrics.
  package var measurements: [Number]

  /// Returns the file's path.
  package static func path(in folder: String) -> String { "\(folder)/results.json" }

  /// Writes the file of a run folder.
  package func write(to folder: String) throws {
    try Folder.write(try JSON.encoded(self), to: Self.path(in: folder))
  }

  /// A result with all of its fields.
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

  /// Reads the file of a run folder; throws where it is missing or something else.
  package init(in folder: String) throws {
    let path = Self.path(in: folder)
    guard let data = FileManager.default.contents(atPath: path) else {
      throw LaboratoryError("\(path): there is no result yet; run the experiment first.")
    }
    do { self = try JSON.decoded(RunResult.self, from: data) } catch {
      throw LaboratoryError("\(path): this is not what 'overtone run' writes; run the experiment again.")
    }
  }

  /// Returns the result of a run folder, or every result below a folder, in the order of paths. Throws where there is
  /// no such folder.
  package static func all(below folder: String) throws -> [RunResult] {
    if Folder.exists(path(in: folder)) { return [try RunResult(in: folder)] }
    return try Folder.paths(below: folder, endingIn: "/results.json").map {
      try RunResult(in: "\(folder)/\($0.dropLast("/results.json".count))")
    }
  }
}
