/// A position in an experiment file, counted from 1.
public struct FileLocation: Equatable, Sendable, CustomStringConvertible {
  public var file: String
  public var line: Int
  public var column: Int
  /// The text of the line, for messages; nil where there is none (an override).
  var source: String?

  public init(file: String, line: Int, column: Int, source: String? = nil) {
    self.file = file
    self.line = line
    self.column = column
    self.source = source
  }

  public var description: String { line > 0 ? "\(file):\(line):\(column)" : file }

  /// The line with a mark below the column; nothing where there is no line.
  var excerpt: String {
    guard let source, line > 0 else { return "" }
    let number = "\(line)"
    let blank = String(repeating: " ", count: number.count)
    return "\n  \(number) | \(source)\n  \(blank) | \(String(repeating: " ", count: max(0, column - 1)))^"
  }
}
