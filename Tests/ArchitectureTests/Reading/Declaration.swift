/// The reach of a declaration, from the smallest to the largest.
enum Access: Int, Comparable {
  case `private`, `fileprivate`, `internal`, package, `public`, open

  init?(_ word: String) {
    switch word {
    case "private": self = .private
    case "fileprivate": self = .fileprivate
    case "internal": self = .internal
    case "package": self = .package
    case "public": self = .public
    case "open": self = .open
    default: return nil
    }
  }

  static func < (a: Access, b: Access) -> Bool { a.rawValue < b.rawValue }
}

/// One declaration of a source file: where it stands, how far it reaches, what it takes and whether it is documented.
struct Declaration {
  enum Kind: String {
    case function, initializer, deinitializer, `subscript`, property, closure
    case type, `extension`, `protocol`, enumeration, enumerationCase = "case", alias = "type alias"

    /// Has a body whose length is that of a function.
    var isFunction: Bool {
      switch self {
      case .function, .initializer, .deinitializer, .subscript, .property, .closure: true
      default: false
      }
    }
  }

  struct Parameter: Equatable {
    /// Nil where a call does not name it.
    let label: String?
    let hasDefault: Bool
  }

  let kind: Kind
  let name: String
  let access: Access
  let line: Int
  /// The line of the closing brace; `line` where there is no body.
  var lastLine: Int
  let parameters: [Parameter]
  let isDocumented: Bool
  /// Stands inside the body of a function.
  let isLocal: Bool

  var lineCount: Int { lastLine - line + 1 }
  var unlabelledCount: Int { parameters.count { $0.label == nil } }
  /// "function 'turn'"
  var title: String { kind == .initializer || kind == .subscript ? kind.rawValue : "\(kind.rawValue) '\(name)'" }
}
