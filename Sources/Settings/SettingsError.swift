/// Everything that an experiment file can get wrong: one sentence with the location and an excerpt of the line.
public enum SettingsError: Error, CustomStringConvertible, Sendable {
  /// The file cannot be had at all.
  case unreadable(file: String, why: String)
  /// The text is not YAML, or not YAML that means anything here.
  case malformed(FileLocation, why: String)
  /// A key that stands twice in one mapping; `first` is the location of its first occurrence.
  case duplicate(key: String, FileLocation, first: FileLocation)
  /// A required setting that the file does not set; the location is that of its section.
  case missing(key: String, FileLocation)
  /// A key that no component has read; `known` are the settings of the section, for the list and the suggestion.
  case unknown(key: String, FileLocation, section: String, known: [String])
  /// A value of another kind than the setting takes; `near` is the choice that was probably meant.
  case wrongKind(key: String, FileLocation, found: String, wanted: String, near: String?)
  /// A number that is infinite, or none at all, as YAML writes it; or a list with one.
  case notFinite(key: String, FileLocation, found: String)
  /// A key, or with `key` a value of that key, that has another name since a later version.
  case renamed(String, of: String?, FileLocation, to: String)
  /// A value outside its closed range; numbers as YAML writes them.
  case outside(key: String, FileLocation, found: String, lowest: String, highest: String)
  /// A component says why it cannot work like this.
  case unsuitable(FileLocation, why: String)
  /// A `key=value` of the command line that cannot be applied.
  case override(String, why: String)

  /// One sentence that begins with the location, with the excerpt of the line below it where there is one.
  public var description: String {
    switch self {
    case .unreadable(let file, let why): "\(file): \(why)"
    case .malformed(let location, let why), .unsuitable(let location, let why): "\(location): \(why)\(location.excerpt)"
    case .duplicate(let key, let location, let first):
      "\(location): '\(shortened(key))' is set twice, first in line \(first.line); keep one of them.\(location.excerpt)"
    case .missing(let key, let location): "\(location): the setting '\(key)' is missing.\(location.excerpt)"
    case .unknown(let key, let location, let section, let known):
      "\(location): there is no setting '\(shortened(key))' "
        + (section.isEmpty ? "at the top" : "in '\(shortened(section))'") + Self.listed(known) + "."
        + (nearest(key, among: known).map { " Did you mean '\($0)'?" } ?? "") + location.excerpt
    case .wrongKind(let key, let location, let found, let wanted, let near):
      "\(location): '\(shortened(key))' must be \(wanted), not \(found)."
        + (near.map { " Did you mean '\($0)'?" } ?? "")
        + location.excerpt
    case .notFinite(let key, let location, let found):
      "\(location): '\(key)' must be finite, not \(found).\(location.excerpt)"
    case .renamed(let old, let key, let location, let new):
      "\(location): '\(old)'\(key.map { " of '\($0)'" } ?? "") is called '\(new)' now.\(location.excerpt)"
    case .outside(let key, let location, let found, let lowest, let highest):
      "\(location): '\(key)' must be from \(lowest) to \(highest), not \(found).\(location.excerpt)"
    case .override(let text, let why): "override '\(shortened(text))': \(why)"
    }
  }

  /// "; there are a, b", of more than a hundred the first ones; nothing where there are none.
  private static func listed(_ known: [String]) -> String {
    guard !known.isEmpty else { return "" }
    let more = known.count > 100 ? " and \(known.count - 100) more" : ""
    return "; there are \(known.prefix(100).map(shortened).joined(separator: ", "))\(more)"
  }
}

/// The nearest of the `known` words; nil if none is close, that is within max(1, length / 3) edits. The first of
/// several equally near words is taken.
public func nearest(_ word: String, among known: [String]) -> String? {
  // Distances cost the product of two lengths, and no name is that long.
  guard word.utf8.count <= 100 else { return nil }
  let best = known.prefix(1000).filter { $0.utf8.count <= 200 }.map { (word: $0, distance: distance(word, $0)) }.min {
    $0.distance < $1.distance
  }
  guard let best, best.distance <= max(1, word.count / 3) else { return nil }
  return best.word
}

/// The edit distance: insertions, deletions, substitutions and transpositions of neighbours (Damerau 1964,
/// Levenshtein).
func distance(_ a: String, _ b: String) -> Int {
  let a = Array(a), b = Array(b)
  var rows = [Array(0...b.count)]
  // rows[i][j]: the edits between the first i characters of a and the first j of b.
  for i in a.indices {
    var row = [i + 1]
    for j in b.indices {
      var best = min(rows[i][j + 1] + 1, row[j] + 1, rows[i][j] + (a[i] == b[j] ? 0 : 1))
      if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { best = min(best, rows[i - 1][j - 1] + 1) }
      row.append(best)
    }
    rows.append(row)
  }
  return rows[a.count][b.count]
}
