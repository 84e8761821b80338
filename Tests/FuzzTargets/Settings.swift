import Settings

extension FuzzTarget {
  private static let words = [
    "sweep:", "grid:", "zip:", "variants:", "exclude:", "seeds:", "expect:", "extends:", "scales:", "scale:", "define:",
    "${define.a}", "${", "}", "<<: *a", "&a ", "*a", "!!str ", "!!int ", "!!binary ", "%YAML 1.2\n", "---\n", "...\n",
    "- ", "? ", ": ", "| ", "> ", "'", "\"", "\\x41", "0x1F", "0o17", "1e3", ".inf", ".nan", "~", "null", "true",
    "\u{FEFF}", "\u{85}", "\u{2028}", "\r\n", "\t", "[]", "{}", "[[", "{a: ",
  ]

  static let settings: [FuzzTarget] = [
    FuzzTarget("yaml", seeds: [("Experiments", ".yaml")], words: words) { bytes in
      do {
        for variant in try Sweep(parsing: bytes, file: "x.yaml").variants { read(variant.settings, depth: 0) }
      } catch {
        let text = "\(error)"
        precondition(text.wholeMatch(of: /(?s)x\.yaml:[0-9]+:[0-9]+: .+/) != nil, "no line and column: \(text)")
        precondition(text.utf8.count < 20_000, "a message of \(text.utf8.count) bytes")
      }
    },
    FuzzTarget("overrides", words: words + ["a=", "a.b=", "a[0]=", "=", "."]) { bytes in
      // A line is an override.
      let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").prefix(8).map(String.init)
      let text = "a: { b: 1, c: [1, { d: 2 }] }\ne: ${a.b}\nseed: 1\n"
      read(try Settings(parsing: text, file: "x.yaml", overrides: lines), depth: 0)
    },
  ]

  /// Reads every key as each kind of value.
  private static func read(_ settings: Settings, depth: Int) {
    var settings = settings
    for key in settings.keys.prefix(64) {
      _ = try? settings[required: key, about: ""] as Int
      _ = try? settings[optional: key, about: ""] as Double?
      _ = try? settings[required: key, about: ""] as Float
      _ = try? settings[default: key] as [String]?
      if settings.isMapping(key), depth < 8, let section = try? settings.section(key, about: "") {
        read(section, depth: depth + 1)
      }
    }
    _ = settings.resolved(origins: true)
    _ = try? settings.finish()
  }
}

extension Settings {
  fileprivate subscript(default key: String) -> [String]? {
    mutating get throws { try self[required: key, about: ""] }
  }
}
