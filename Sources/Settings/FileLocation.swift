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

  /// The line with a mark below the column; nothing where there is no line.
  var excerpt: String {
    guard let source, line > 0 else { return "" }
    let number = "\(line)"
    let margin = String(repeating: " ", count: number.count)
    return "\n  \(number) | \(source)\n  \(margin) | \(String(repeating: " ", count: max(0, column - 1)))^"
  }
}
