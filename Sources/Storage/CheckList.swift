/// The checks of a file's data sets, as its data set of checks lists them.
///
/// The list has no check of its own, and needs none: a changed digit contradicts its data set, a changed name names
/// none, and a line that was not written so, an entry that is missing and one that is doubled are findings.
struct CheckList {
  /// The check of a data set by its path.
  private(set) var sums: [String: UInt32] = [:]
  /// Damage of the list itself, a sentence each.
  private(set) var findings: [String] = []

  /// Reads the list of a file; empty where the file has none.
  init(_ reader: Reader) {
    guard reader.has(Verification.dataset) else { return }
    guard let texts = try? reader.texts(Verification.dataset), texts.count == 1, let text = texts.first else {
      findings = ["'/\(Verification.dataset)' cannot be read: the checks are damaged."]
      return
    }
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    if lines.popLast() != "" { findings.append("'/\(Verification.dataset)' is cut short: a check is damaged.") }
    for (index, line) in lines.enumerated() {
      guard let (name, sum) = Self.entry(line) else {
        findings.append("line \(index + 1) of '/\(Verification.dataset)' is no check: a check is damaged.")
        continue
      }
      if sums.updateValue(sum, forKey: name) != nil {
        findings.append("'\(name.printable)' has two checks in '/\(Verification.dataset)': a check is damaged.")
      }
    }
  }

  /// Returns the path and the check of a line; nil for one that differs from what is written in any letter.
  private static func entry(_ line: Substring) -> (name: String, sum: UInt32)? {
    let parts = line.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, let sum = UInt32(parts[0], radix: 16), String(sum, radix: 16) == parts[0],
      parts[1].hasPrefix("/")
    else { return nil }
    return (String(parts[1]), sum)
  }
}
