import Testing

/// Returns what `rule` finds in a file of the project after `lines` were added at its end, beyond what it finds before.
///
/// Only this file and Package.swift are read, with the plugins' files where `withPlugins` is true.
func found(
  _ rule: Rule, adding lines: String, to path: String, withPlugins: Bool = false
) throws -> (added: [String], firstLine: Int) {
  let whole = try project.get()
  let original = try #require(whole.files.first { $0.path == path }, "there is no \(path)")
  let rest = whole.files.filter { withPlugins && $0.isPlugin && $0.path != path }
  let before = Project(manifest: whole.manifest, files: rest + [original])
  let text = original.lines.joined(separator: "\n") + "\n" + lines + "\n"
  let known = rule.violations(before)
  let after = rule.violations(before.replacing(path, with: text))
  return (after.filter { !known.contains($0) }.map(\.description), original.lines.count + 1)
}

/// Checks that `rule` finds one thing more in a file with `lines` at its end: on line `offset` of them, from 0.
func expectViolation(
  of rule: Rule, adding lines: String, to path: String, at offset: Int = 0, sentence: String,
  withPlugins: Bool = false, sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let (added, first) = try found(rule, adding: lines, to: path, withPlugins: withPlugins)
  #expect(added == ["\(path):\(first + offset): \(sentence)"], sourceLocation: sourceLocation)
}
