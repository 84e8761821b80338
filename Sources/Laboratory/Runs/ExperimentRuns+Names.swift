import Settings

extension ExperimentRuns {
  /// Returns the name of the overrides that affect results; empty where the file alone gives the same results.
  static func name(of sweep: Sweep, _ settings: ResultSettings, over base: ResultSettings?) -> String {
    guard !sweep.overrides.isEmpty || sweep.scale != nil, base != settings else { return "" }
    let differing = base.map { ResultSettings.differing([$0, settings], isWhole: true) }
    let name = sweep.overrideName { path in
      guard ResultSettings.affectsResults(path) else { return false }
      // Overrides that change nothing are not named, unless they are there to be referred to.
      guard let differing, !path.hasPrefix("define.") else { return true }
      return differing.contains { $0 == path || $0.hasPrefix("\(path).") || $0.hasPrefix("\(path)[") }
        || differing.contains { path.hasPrefix("\($0).") || path.hasPrefix("\($0)[") }
    }
    // Without a base, overrides of names and folders alone are those of the file.
    return name.isEmpty && base != nil ? "changed" : name
  }

  /// Returns a name without the characters that folders cannot have, at most 100 bytes, since a hash follows.
  static func folderName(_ name: String) -> String {
    let fit = name.map { $0 == "/" || $0.isNewline || $0.unicodeScalars.contains { $0.value < 32 } ? "_" : $0 }
    return Sweep.shortened(String(fit), to: 100)
  }
}
