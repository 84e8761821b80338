import Autoregression
import Foundation

/// The measurements of a finished run with its settings: `results.json` of a run folder.
package struct RunResult: Codable, Equatable {
  /// One measured quantity.
  package struct Number: Codable, Equatable {
    /// "psnr", "FD[randconv64-v1]".
    package var name: String
    /// The value; where it is not finite the file has `null`, and a note.
    package var value: Double
    /// Nil where neither smaller nor larger values are better.
    package var lowerIsBetter: Bool?
    /// Images that were compared.
    package var count: Int
    /// The split of the data set that they were compared with; nil in files of older versions.
    package var split: Split?

    /// A quantity with its value.
    package init(name: String, value: Double, lowerIsBetter: Bool?, count: Int, split: Split? = nil) {
      self.name = name
      self.value = value
      self.lowerIsBetter = lowerIsBetter
      self.count = count
      self.split = split
    }

    private enum CodingKeys: String, CodingKey { case name, value, note, lowerIsBetter, count, split }

    /// The head of its column: the name, and the split where that is not the one that no training saw.
    package var title: String { split == .train ? "\(name) (train)" : name }

    /// "not finite (nan)"; nil for a finite value, which needs no note.
    package var note: String? { JSON.note(on: value) }

    /// Reads a quantity; a `null` stands for what the note says.
    package init(from decoder: any Decoder) throws {
      let fields = try decoder.container(keyedBy: CodingKeys.self)
      name = try fields.decode(String.self, forKey: .name)
      lowerIsBetter = try fields.decodeIfPresent(Bool.self, forKey: .lowerIsBetter)
      count = try fields.decode(Int.self, forKey: .count)
      split = try fields.decodeIfPresent(Split.self, forKey: .split)
      if let value = try fields.decodeIfPresent(Double.self, forKey: .value) {
        self.value = value
      } else {
        let note = try fields.decodeIfPresent(String.self, forKey: .note)
        value = [Double.infinity, -.infinity].first { JSON.note(on: $0) == note } ?? .nan
      }
    }

    /// Writes a quantity; one that is not finite as `null` with a note.
    package func encode(to encoder: any Encoder) throws {
      var fields = encoder.container(keyedBy: CodingKeys.self)
      try fields.encode(name, forKey: .name)
      try fields.encode(value, forKey: .value)
      try fields.encodeIfPresent(note, forKey: .note)
      try fields.encodeIfPresent(lowerIsBetter, forKey: .lowerIsBetter)
      try fields.encode(count, forKey: .count)
      try fields.encodeIfPresent(split, forKey: .split)
    }
  }
  /// The experiment's name.
  package var experiment: String
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
    guard let data = try Folder.content(of: path) else {
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
