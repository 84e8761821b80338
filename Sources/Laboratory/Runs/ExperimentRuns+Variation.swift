import Settings

extension ExperimentRuns {
  /// Throws where two variants differ in a setting that `varies` does not list; nothing is refused where the file has
  /// no `varies`.
  func checkVariation() throws(SettingsError) {
    guard let varies, let stray = variation.first(where: { !Self.lists(varies.paths, $0) }) else { return }
    let first = specs[0], value = first.settings.values[stray]
    let other = specs.first { $0.settings.values[stray] != value } ?? first
    throw .unsuitable(
      varies.location,
      why: "'\(stray)' is \(value ?? "not set") in '\(first.name)' and \(other.settings.values[stray] ?? "not set") in "
        + "'\(other.name)'; list it in 'varies', or give both variants the same.")
  }

  /// The sorted paths of settings that affect results and that variants differ in, those of other components included.
  package var variation: [String] { ResultSettings.differing(specs.map(\.settings), isWhole: true) }

  /// Returns true where one of `paths` is that of a setting, or that of a section or list above it.
  package static func lists(_ paths: [String], _ setting: String) -> Bool {
    paths.contains { setting == $0 || setting.hasPrefix("\($0).") || setting.hasPrefix("\($0)[") }
  }
}
