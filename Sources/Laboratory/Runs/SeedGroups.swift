/// Runs in groups that differ in nothing but the seed: what means and deviations over seeds are taken of.
package struct SeedGroups {
  /// Facts about one run.
  package struct Member {
    /// The title of its variant, or of its experiment.
    var title: String
    /// Its settings by path; empty for a run that has not begun, which belongs to the others of its title.
    var settings: [String: String]
    /// The root of all random number streams.
    var seed: String

    /// A run with its title.
    package init(title: String, settings: [String: String], seed: String) {
      (self.title, self.settings, self.seed) = (title, settings, seed)
    }
  }

  /// The title of each group: that of its runs, followed by the settings that distinguish it from other groups of the
  /// title.
  package private(set) var titles: [String] = []
  /// The runs of each group, in the order that they were given in.
  package private(set) var members: [[Int]] = []

  /// Groups runs by title, then by every setting that affects results. `ignoring` holds paths of settings that may
  /// differ inside a group, as those that make columns do.
  ///
  /// A seed counts once in a group: runs of equal seed make groups of their own, distinguished by their results folder
  /// or by a number.
  package init(_ runs: [Member], ignoring: Set<String> = []) {
    let settings = runs.map { run in ResultSettings(run.settings.filter { !ignoring.contains($0.key) }) }
    for title in unique(runs.map(\.title)) {
      let here = runs.indices.filter { runs[$0].title == title }
      let kinds = unique(here.filter { !runs[$0].settings.isEmpty }.map { settings[$0] })
      let parts = kinds.isEmpty ? [here] : kinds.map { kind in here.filter { settings[$0] == kind } }
      let waiting = kinds.isEmpty ? [] : here.filter { runs[$0].settings.isEmpty }
      for (number, part) in parts.enumerated() {
        let words = Self.words(number, of: kinds)
        let all = (part + (number == 0 ? waiting : [])).sorted()
        for (repetition, copies) in Self.repetitions(all, runs, ignoring).enumerated() {
          let folder = copies.lazy.compactMap { runs[$0].settings["results"] }.first
          let hasFolders = Set(all.map { runs[$0].settings["results"] ?? "" }).count > 1
          let copy =
            repetition == 0 ? [] : [hasFolders ? "results=\(folder ?? "-")" : "repetition \(repetition + 1)"]
          titles.append(([title] + words + copy).joined(separator: ", "))
          members.append(copies)
        }
      }
    }
  }

  /// Divides runs of equal settings so that each part has a seed once. A pivot's columns each have every seed.
  private static func repetitions(_ all: [Int], _ runs: [Member], _ ignoring: Set<String>) -> [[Int]] {
    var parts: [[Int]] = [], seen: [Set<[String]>] = []
    for index in all {
      let key = [runs[index].seed] + ignoring.sorted().map { runs[index].settings[$0] ?? "-" }
      if let part = seen.firstIndex(where: { !$0.contains(key) }) {
        parts[part].append(index)
        seen[part].insert(key)
      } else {
        parts.append([index])
        seen.append([key])
      }
    }
    return parts
  }

  /// Settings that distinguish one kind from the others, such as "training.steps=10": at most four are named.
  private static func words(_ index: Int, of kinds: [ResultSettings]) -> [String] {
    guard kinds.count > 1 else { return [] }
    func tuples(_ paths: [String]) -> Int { Set(kinds.map { kind in paths.map { kind.values[$0] ?? "-" } }).count }
    var differing = ResultSettings.differing(kinds)
    if tuples(differing) < kinds.count { differing = ResultSettings.differing(kinds, isWhole: true) }
    // Those that separate more kinds come first.
    var chosen: [String] = []
    while chosen.count < differing.count, tuples(chosen) < kinds.count {
      let rest = differing.filter { !chosen.contains($0) }
      let counts = rest.map { tuples(chosen + [$0]) }
      guard let most = counts.max(), let best = counts.firstIndex(of: most), most > tuples(chosen) else { break }
      chosen.append(rest[best])
    }
    let others = differing.filter { !chosen.contains($0) }
    let named = chosen + others.prefix(max(0, 4 - chosen.count))
    return named.map { "\($0)=\(kinds[index].values[$0] ?? "-")" }
      + (differing.count > named.count ? ["+\(differing.count - named.count) more"] : [])
  }
}
