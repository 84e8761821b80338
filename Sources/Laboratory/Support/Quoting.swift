/// Texts as other formats write them.
package enum Quoting {
  /// Returns a cell of a CSV file, RFC 4180: quoted where it holds a comma, a quotation mark or a line break.
  package static func csv(_ text: String) -> String {
    // "\r\n" is a character of its own.
    text.contains { ",\"\n\r\r\n".contains($0) } ? csvQuoted(text) : text
  }

  /// Returns a cell of a CSV file in quotation marks, whatever it holds.
  package static func csvQuoted(_ text: String) -> String {
    "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
  }

  /// Returns one word of a POSIX shell's command line: in single quotes unless it consists of safe ASCII characters.
  package static func shell(_ word: String) -> String {
    let isSafe = word.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "_-./=,:+@%".contains($0)) }
    guard word.isEmpty || !isSafe else { return word }
    return "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
  }
}
