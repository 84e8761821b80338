import Settings

/// Settings of a method's released code beside those of experiment files: one entry of `Experiments/released/*.yaml`.
package struct ReleasedRecipe: Sendable {
  /// One setting of the released code.
  package struct Row: Sendable {
    /// The path of the setting in an experiment file.
    package let setting: String
    /// The value that the released code has, as a file here would say it, or in words.
    package let released: String
    /// The value of the files here, where the row fixes it although it differs.
    package let here: String?
    /// File and lines in the repository.
    package let source: String
    /// Why the files here differ; nil where they are equal.
    package let reason: String?

    /// True for the same setting, and where this one is the section of `other`.
    func replaces(_ other: Row) -> Bool { other.setting == setting || other.setting.hasPrefix("\(setting).") }
  }

  /// The name of the method.
  package let method: String
  /// Authors, year and arXiv number.
  package let paper: String
  /// The address of the repository.
  package let repository: String
  /// The commit that was read.
  package let commit: String
  /// Experiment files and parts that the rows hold for, as paths from the folder that holds `released`.
  package let files: [String]
  /// The scale that the rows hold for.
  package let scale: String
  /// The variant that the rows hold for; nil for all.
  package let variant: String?
  /// The settings.
  package let rows: [Row]

  /// Reads the recipes of a file; throws where a key is unknown or missing.
  static func recipes(ofFile path: String) throws(SettingsError) -> [ReleasedRecipe] {
    var settings = try Settings(file: path)
    let method: String = try settings[required: "method", about: "name of the method"]
    let paper: String = try settings[required: "paper", about: "authors, year and arXiv number"]
    let repository: String = try settings[required: "repository", about: "address of the repository"]
    let commit: String = try settings[required: "commit", about: "commit that was read"]
    var all: [ReleasedRecipe] = []
    for var section in try settings.sections("recipes", about: "settings by experiment file") {
      let files: [String] = try section[required: "files", about: "experiment files and parts"]
      let scale: String = try section["scale", default: "paper", about: "scale of the files"]
      let variant: String? = try section[optional: "variant", about: "variant of the files; all by default"]
      let from: String = try section["repository", default: repository, about: "address of another repository"]
      let version: String = try section["commit", default: commit, about: "commit of that repository"]
      var rows: [Row] = []
      for var row in try section.sections("settings", about: "settings of the released code") {
        rows.append(
          Row(
            setting: try row[required: "setting", about: "path of the setting"],
            released: try row[required: "released", about: "value in the released code"],
            here: try row[optional: "here", about: "value in the files, where it differs"],
            source: try row[required: "source", about: "file and lines in the repository"],
            reason: try row[optional: "differs", about: "why the files differ"]))
      }
      all.append(
        ReleasedRecipe(
          method: method, paper: paper, repository: from, commit: version, files: files, scale: scale,
          variant: variant, rows: rows))
    }
    try settings.finish()
    return all
  }
}
