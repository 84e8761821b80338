import Storage

/// Relative paths for the data sets of a file of any origin, which stay inside the folder or the archive that they are
/// written to, and are all different.
struct SafeNames {
  private var taken: Set<String> = []

  /// Bytes of one part of a path: file systems take 255, and endings are added.
  private static let longest = 200

  /// Returns the path for a data set: "/model/a" becomes "model/a", "/../a" becomes "_/a".
  mutating func path(for name: String) -> String {
    let parts = name.split(separator: "/").map(Self.part)
    let path = parts.isEmpty ? "_" : parts.joined(separator: "/")
    var candidate = path, number = 2
    // Case is ignored, as some file systems do.
    while !taken.insert(candidate.lowercased()).inserted {
      candidate = "\(path)-\(number)"
      number += 1
    }
    return candidate
  }

  /// Returns one part of a path: no dots alone, no control characters, no separators of other systems, not too long.
  private static func part(_ name: Substring) -> String {
    if name.allSatisfy({ $0 == "." }) { return String(repeating: "_", count: max(1, name.count - 1)) }
    // What is not printable stands as \\x and digits.
    var part = String(name).printable.replacing("\\", with: "_").replacing(":", with: "_")
    if part.utf8.count > longest {
      let sum = String(CRC.zip(Array(name.utf8)), radix: 16)
      while part.utf8.count > longest - 9 { part.removeLast() }
      part += "-\(sum)"
    }
    return part
  }
}
