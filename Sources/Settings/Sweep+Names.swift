extension Sweep {
  /// A name of what the chosen scale and the overrides put over the file: "smoke,direction=masked,steps=100".
  ///
  /// `isNamed` decides by the path of an override: "training.steps". Overrides come in the order of their paths, each
  /// path once, with its last value; what exceeds 80 bytes is counted: "batch=8,+3".
  public func overrideName(where isNamed: (String) -> Bool) -> String {
    Self.name(of: overrides, after: scale.map { [$0] } ?? [], where: isNamed)
  }

  /// The name of overrides behind other words, as `overrideName` makes it.
  public static func name(
    of overrides: [String], after words: [String], where isNamed: (String) -> Bool = { _ in true }
  ) -> String {
    var parts: [Part] = []
    for override in overrides.compactMap({ try? Override($0) }) where isNamed(override.name) {
      parts.removeAll { $0.path == override.name }
      parts.append(Part(path: override.name, value: override.value))
    }
    parts.sort { $0.path < $1.path }
    let paths = parts.map(\.path), words = words.map { fit($0, and: "=") } + parts.map { name("", [$0], paths) }
    var text = words.first.map { shortened($0, to: 80) } ?? ""
    for (index, word) in words.enumerated().dropFirst() {
      guard text.utf8.count + word.utf8.count < 80 else { return text + ",+\(words.count - index)" }
      text += "," + word
    }
    return text
  }

  /// The first characters of a text, at most `limit` bytes.
  public static func shortened(_ text: String, to limit: Int) -> String {
    var bytes = 0
    return String(
      text.prefix { character in
        bytes += character.utf8.count
        return bytes <= limit
      })
  }

  /// "batch=32,loss=l2" after the name of the variant.
  static func name(_ variant: String, _ parts: [Part], _ varying: [String]) -> String {
    // The last word of a path ("loss" for "loss.use") unless another axis ends in the same word.
    func short(_ path: String) -> String {
      let keys = path.split(separator: ".").map(String.init)
      let last = keys.last == "use" && keys.count > 1 ? keys[keys.count - 2] : keys.last ?? path
      let clashes = varying.filter {
        $0 != path && ($0 == last || $0.hasSuffix(".\(last)") || $0.hasSuffix(".\(last).use"))
      }
      return clashes.isEmpty ? last : path
    }
    let set = parts.map { "\(short($0.path))=\(spoken($0.value))" }
    return ((variant.isEmpty ? [] : [variant]) + set).joined(separator: ",")
  }

  /// A value in few letters, fit for the name of a folder.
  static func spoken(_ node: YAMLNode) -> String {
    let text: String
    switch node.content {
    case .scalar(let word, _): text = word
    case .list(let items): text = items.map(spoken).joined(separator: "-")
    case .mapping(let entries):
      text =
        entries.first { $0.key == "use" }.map { spoken($0.value) }
        ?? entries.map { "\($0.key)-\(spoken($0.value))" }.joined(separator: "-")
    }
    return fit(text)
  }

  /// A text with everything replaced that does not fit the name of a folder.
  private static func fit(_ text: String, and more: String = "") -> String {
    String(text.map { $0.isLetter || $0.isNumber || "-_.+\(more)".contains($0) ? $0 : "_" })
  }
}
