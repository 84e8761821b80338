/// A position in an experiment file, counted from 1.
public struct FileLocation: Equatable, Sendable, CustomStringConvertible {
  /// Path of the file as it was given, or "override" for a value of the command line.
  public var file: String
  /// Line, from 1; 0 where there is none (an override, or settings without a file).
  public var line: Int
  /// Column in Unicode scalars, from 1, as libyaml counts; 0 where `line` is 0.
  public var column: Int
  /// The text of the line, for messages; nil where there is none (an override).
  var source: String?

  /// Creates a location; `source` is the text of the line, for the excerpt of a message.
  public init(file: String, line: Int, column: Int, source: String? = nil) {
    self.file = file
    self.line = line
    self.column = column
    self.source = source
  }

  /// "file:line:column", or the file alone where there is no line.
  public var description: String { line > 0 ? "\(file):\(line):\(column)" : file }

  /// The location of a character of the scalar `text` that begins here, `offset` Unicode scalars from its beginning;
  /// this location where the line shows the text otherwise, as with escapes or over several lines.
  public func inside(_ text: String, at offset: Int) -> FileLocation {
    guard let source, column > 0 else { return self }
    let rest = source.unicodeScalars.dropFirst(column - 1), scalars = Array(text.unicodeScalars)
    for quotes in [0, 1] where rest.dropFirst(quotes).starts(with: scalars) {
      var location = self
      location.column += quotes + offset
      return location
    }
    return self
  }

  /// The line with a mark below the column, of a long line the part around it; nothing where there is no line.
  var excerpt: String {
    guard let source, line > 0 else { return "" }
    let number = "\(line)"
    let margin = String(repeating: " ", count: number.count)
    let scalars = Array(source.unicodeScalars), reach = 80
    let start = max(0, min(column - 1, scalars.count) - reach), end = min(scalars.count, start + 2 * reach)
    var text = String.UnicodeScalarView(), mark = String.UnicodeScalarView()
    text += scalars[start..<end]
    // A tab above needs one below, however wide the terminal draws it.
    mark += (start..<max(start, column - 1)).map { $0 < end && scalars[$0] == "\t" ? "\t" : " " }
    let before = start > 0 ? "…" : "", after = end < scalars.count ? "…" : ""
    return
      "\n  \(number) | \(before)\(String(text))\(after)\n  \(margin) | \(before.isEmpty ? "" : " ")\(String(mark))^"
  }
}
