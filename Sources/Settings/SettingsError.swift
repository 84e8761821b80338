/// Everything that an experiment file can get wrong: one sentence with the place, and the line it is about.
public enum SettingsError: Error, CustomStringConvertible, Sendable {
  /// The file cannot be had at all.
  case unreadable(file: String, why: String)
  /// The text is not YAML, or not YAML that means anything here.
  case malformed(Place, why: String)
  case duplicate(key: String, Place, first: Place)
  case missing(key: String, Place)
  case unknown(key: String, Place, section: String, known: [String])
  case wrongKind(key: String, Place, found: String, wanted: String, near: String?)
  /// A key, or with `key` a value of that key, that has another name since a later version.
  case renamed(String, of: String?, Place, to: String)
  case outside(key: String, Place, found: String, lowest: String, highest: String)
  /// A component says why it cannot work like this.
  case unsuitable(Place, why: String)
  case override(String, why: String)

  public var description: String {
    switch self {
    case .unreadable(let file, let why): "\(file): \(why)"
    case .malformed(let place, let why), .unsuitable(let place, let why): "\(place): \(why)\(place.excerpt)"
    case .duplicate(let key, let place, let first):
      "\(place): '\(key)' is set twice, first in line \(first.line); keep one of them.\(place.excerpt)"
    case .missing(let key, let place): "\(place): the setting '\(key)' is missing.\(place.excerpt)"
    case .unknown(let key, let place, let section, let known):
      "\(place): there is no setting '\(key)' \(section.isEmpty ? "at the top" : "in '\(section)'")"
        + "\(known.isEmpty ? "" : "; there are \(known.joined(separator: ", "))")."
        + (nearest(key, among: known).map { " Did you mean '\($0)'?" } ?? "") + place.excerpt
    case .wrongKind(let key, let place, let found, let wanted, let near):
      "\(place): '\(key)' must be \(wanted), not \(found)." + (near.map { " Did you mean '\($0)'?" } ?? "")
        + place.excerpt
    case .renamed(let old, let key, let place, let new):
      "\(place): '\(old)'\(key.map { " of '\($0)'" } ?? "") is called '\(new)' now.\(place.excerpt)"
    case .outside(let key, let place, let found, let lowest, let highest):
      "\(place): '\(key)' must be from \(lowest) to \(highest), not \(found).\(place.excerpt)"
    case .override(let text, let why): "override '\(text)': \(why)"
    }
  }
}

/// The word that someone who wrote `word` most likely meant; nil if none is close.
public func nearest(_ word: String, among known: [String]) -> String? {
  let best = known.map { (word: $0, distance: distance(word, $0)) }.min { $0.distance < $1.distance }
  guard let best, best.distance <= max(1, word.count / 3) else { return nil }
  return best.word
}

/// How many letters must be put in, taken out, changed or exchanged with their neighbour (Damerau and Levenshtein).
func distance(_ a: String, _ b: String) -> Int {
  let a = Array(a), b = Array(b)
  var rows = [Array(0...b.count)]
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
