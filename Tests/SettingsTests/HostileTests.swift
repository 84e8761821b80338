import Foundation
import Settings
import Testing

/// The first line of what reading a text as a sweep says, "sound" where it is one.
private func said(_ bytes: [UInt8], _ overrides: [String] = []) -> String {
  let path = NSTemporaryDirectory() + "overtone-hostile-\(UUID().uuidString).yaml"
  defer { try? FileManager.default.removeItem(atPath: path) }
  do {
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    _ = try Sweep(file: path, overrides: overrides)
  } catch {
    return String("\(error)".replacingOccurrences(of: path, with: "x.yaml").prefix { $0 != "\n" })
  }
  return "sound"
}

/// A text in UTF-8, and bytes behind it.
private func bytes(_ text: String, _ more: [UInt8] = []) -> [UInt8] { Array(text.utf8) + more }

private func said(_ text: String) -> String { said(Array(text.utf8)) }

/// A text whose reading ends within a second with a message.
private struct Attack: CustomTestStringConvertible, Sendable {
  let name: String
  let text: String
  let message: String
  var testDescription: String { name }

  init(_ name: String, _ text: String, _ message: String) {
    self.name = name
    self.text = text
    self.message = message
  }
}

/// `count` times a text that is made from the number.
private func lines(_ count: Int, _ line: (Int) -> String) -> String { (0..<count).map(line).joined() }

private let attacks: [Attack] = [
  Attack(
    "brackets", "a: " + String(repeating: "[", count: 100_000),
    "x.yaml:1:67: more than 64 mappings and lists stand in each other here."),
  Attack(
    "braces", String(repeating: "{a: ", count: 100_000),
    "x.yaml:1:257: more than 64 mappings and lists stand in each other here."),
  Attack(
    "indented lists", lines(5000) { String(repeating: " ", count: $0) + "-\n" },
    "x.yaml:65:65: more than 64 mappings and lists stand in each other here."),
  Attack(
    "aliases that deepen", "a0: &a0 [1]\n" + lines(100) { "a\($0 + 1): &a\($0 + 1) [*a\($0)]\n" },
    "x.yaml:64:12: more than 64 mappings and lists stand in each other here."),
  Attack(
    "aliases that multiply", "a0: &a0 [1, 2]\n" + lines(30) { "a\($0 + 1): &a\($0 + 1) [*a\($0), *a\($0)]\n" },
    "x.yaml:15:18: this file has more than 100000 values, those that aliases repeat included."),
  Attack("an alias of itself", "a: &a [*a]", "x.yaml:1:8: '*a' names nothing that stands before it and is complete."),
  Attack(
    "a merge of itself", "a: &a { <<: *a }", "x.yaml:1:13: '*a' names nothing that stands before it and is complete."),
  Attack(
    "merges that multiply", "a0: &a0 { x: 1 }\n" + lines(40) { "a\($0 + 1): &a\($0 + 1) { <<: [*a\($0), *a\($0)] }\n" },
    "x.yaml:15:24: this file has more than 100000 values, those that aliases repeat included."),
  Attack(
    "many values", "a: [" + lines(200_000) { _ in "1, " } + "]",
    "x.yaml:1:299999: this file has more than 100000 values."),
  Attack("many keys", lines(90_000) { "k\($0): 1\n" }, "sound"),
  Attack(
    "a long value", "a: " + String(repeating: "x", count: 1 << 20),
    "x.yaml:1:4: this value has 1048576 bytes, and at most 65536 are read."),
  Attack("a long comment", "#" + String(repeating: "x", count: 15 << 20), "sound"),
  Attack(
    "references that multiply",
    "define:\n  a0: x\n" + lines(60) { "  a\($0 + 1): ${define.a\($0)}${define.a\($0)}\n" } + "b: ${define.a60}",
    "x.yaml:2:7: the references of this experiment unfold to too many values."),
  Attack(
    "references that multiply nothing",
    "define:\n  a0: ''\n" + lines(60) { "  a\($0 + 1): ${define.a\($0)}${define.a\($0)}\n" } + "b: ${define.a60}",
    "x.yaml:2:7: the references of this experiment unfold to too many values."),
  Attack(
    "references that deepen",
    "define:\n  a0: 1\n" + lines(1000) { "  a\($0 + 1): [[[\"${define.a\($0)}\"]]]\n" },
    "x.yaml:3:8: references put too many mappings and lists in each other here."),
  Attack(
    "references in a circle", "a: ${b}\nb: ${c}\nc: ${a}",
    "x.yaml:1:4: '${b}' leads back to itself by way of b, c, a."),
  Attack(
    "a grid of billions", "sweep: { grid: {" + lines(20) { "a\($0): [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], " } + "} }",
    "x.yaml:1:10: these are more than 10000 combinations, or settings of them."),
  Attack(
    "a grid of many axes", "sweep: { grid: {" + lines(20_000) { "a\($0): [1], " } + "} }",
    "x.yaml:1:10: these are more than 10000 combinations, or settings of them."),
  Attack(
    "a million seeds",
    "sweep: { grid: { a: [1, 2, 3, 4], b: [1, 2, 3, 4] } }\nseeds: [" + lines(90_000) { "\($0), " } + "]",
    "x.yaml:2:8: these are more than 10000 combinations, or settings of them."),
  Attack(
    "many variants of many values",
    "a: [" + lines(80_000) { _ in "1, " } + "]\nseeds: [" + lines(9000) { "\($0), " } + "]",
    "x.yaml:1:1: 9000 variants of 80002 values each are more than one file may make."),
  Attack(
    "a long path", "sweep: { grid: { " + String(repeating: "a.", count: 400) + "b: [1] } }",
    "x.yaml:1:18: this path has more than 64 keys."),
]

private let characterCases: [([UInt8], String)] = [
  ([0x61, 0x3A, 0x20, 0xFF], "x.yaml:1:4: the byte FF is not UTF-8; save it as UTF-8."),
  (bytes("a: 1\nö: \u{1F600}", [0xC3]), "x.yaml:2:5: the byte C3 is not UTF-8; save it as UTF-8."),
  (bytes("a: 1\r\nb: ", [0xED, 0xA0, 0x80]), "x.yaml:2:4: the byte ED is not UTF-8; save it as UTF-8."),
  (bytes("a: 1\nb: x\0"), "x.yaml:2:5: the character U+0000 is not allowed in YAML; remove it."),
  (bytes("a: \u{1B}[31m"), "x.yaml:1:4: the character U+001B is not allowed in YAML; remove it."),
  (bytes("a: \u{FFFF}"), "x.yaml:1:4: the character U+FFFF is not allowed in YAML; remove it."),
  ([0xFF, 0xFE, 0x61, 0x00], "x.yaml:1:1: the text is UTF-16; save it as UTF-8."),
  ([0xFE, 0xFF, 0x00, 0x61], "x.yaml:1:1: the text is UTF-16; save it as UTF-8."),
  (
    [0xEF, 0xBB, 0xBF] + Array("a: [".utf8),
    "x.yaml:2:1: this is not YAML: did not find expected node content; the '[' began at 1:4."
  ),
  (bytes("\u{FEFF}a: 1"), "sound"),
]

private let syntaxCases: [(String, String)] = [
  ("a: [1,\n  2\nb: 3\n", "x.yaml:3:2: this is not YAML: did not find expected ',' or ']'; the '[' began at 1:4."),
  ("a: { x: 1\nb: 3\n", "x.yaml:2:2: this is not YAML: did not find expected ',' or '}'; the '{' began at 1:4."),
  ("a: 'x\nb: 3\n", "x.yaml:3:1: this is not YAML: found unexpected end of stream; the quote began at 1:4."),
  (
    "a:\n\tb: 1\n",
    "x.yaml:2:1: this is not YAML: found character that cannot start any token; indent with spaces, not tabs."
  ),
  ("a: @x", "x.yaml:1:4: this is not YAML: found character that cannot start any token; put the value in quotes."),
  ("a: 1\nb\nc: 2", "x.yaml:3:1: this is not YAML: could not find expected ':'; the key began at 2:1."),
  ("%YAML 3.0\n---\na: 1", "x.yaml:1:1: this is not YAML: found incompatible YAML document."),
  ("%YAML 1.2\n---\na: 1", "sound"),
]

private let tagCases: [(String, String)] = [
  ("a: !!str 5", "sound"), ("a: !!int 5", "sound"), ("a: !!seq [1]\nb: !!map {}\nc: !!null ~", "sound"),
  ("a: !!int x", "x.yaml:1:4: the tag '!!int' does not fit here; leave it out."),
  ("a: !!binary aGk=", "x.yaml:1:4: the tag '!!binary' does not fit here; leave it out."),
  (
    "a: !!python/object:os.system {}",
    "x.yaml:1:4: the tag '!!python/object:os.system' does not fit here; leave it out."
  ),
  ("a: !mine [1]", "x.yaml:1:4: the tag '!mine' does not fit here; leave it out."),
]

@Suite struct HostileTests {
  @Test("a text that would unfold, nest or multiply without end is refused within a second", arguments: attacks)
  fileprivate func bounded(_ attack: Attack) {
    let start = ContinuousClock.now
    #expect(said(attack.text) == attack.message)
    // A second of a quiet machine; tests run beside each other.
    #expect(ContinuousClock.now - start < .seconds(5))
  }

  @Test(
    "a binary file is called what it is",
    arguments: [
      ([0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A], "an HDF5 file"),
      ([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A], "a PNG image"),
      ([0xFF, 0xD8, 0xFF, 0xE0], "a JPEG image"), ([0x50, 0x4B, 3, 4], "a zip archive (such as .npz and .pth)"),
      ([0x93] + bytes("NUMPY"), "a NumPy array"), ([2, 0, 0, 0, 0, 0, 0, 0] + bytes("{}"), "a safetensors file"),
    ] as [([UInt8], String)])
  func binary(_ first: [UInt8], _ name: String) {
    // So are those of more than 16 MiB, before they are read.
    for zeros in [0, 17 << 20] {
      #expect(
        said(first + [UInt8](repeating: 0, count: zeros))
          == "x.yaml: this is \(name); name an experiment file (YAML), such as Experiments/quickstart.yaml.")
    }
  }

  @Test(
    "what is not UTF-8, or no character of YAML, is refused at its line and column",
    arguments: characterCases)
  func characters(_ bytes: [UInt8], _ message: String) { #expect(said(bytes) == message) }

  @Test(
    "a syntax error names where that began which is not closed",
    arguments: syntaxCases)
  func syntax(_ text: String, _ message: String) { #expect(said(text) == message) }

  @Test(
    "tags of the core schema are read, all others refused by name",
    arguments: tagCases)
  func tags(_ text: String, _ message: String) { #expect(said(text) == message) }

  @Test("an error of a long line shows the part around the column, and texts are cut and kept on one line")
  func excerpts() {
    let text = "a: [" + String(repeating: "1, ", count: 5000) + "*b, " + String(repeating: "1, ", count: 5000) + "]"
    do { _ = try Settings(parsing: text, file: "x.yaml") } catch {
      let lines = "\(error)".split(separator: "\n")
      #expect(lines.count == 3 && lines.allSatisfy { $0.count < 200 })
      // The mark stands below the asterisk.
      #expect(Array(lines[1])[lines[2].count - 1] == "*")
    }
    let key = String(repeating: "k", count: 50_000)
    #expect(said("\(key): 1\n\(key): 2").count < 200)
    #expect(said("'a\\nb'").count < 200)
  }

  @Test("pipes, devices, folders and links in a circle are refused at once")
  func files() throws {
    let folder = NSTemporaryDirectory() + "overtone-hostile-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    mkfifo("\(folder)/pipe", 0o600)
    symlink("loop", "\(folder)/loop")
    func said(_ path: String) -> String {
      do { _ = try Settings(file: path) } catch { return "\(error)" }
      return "sound"
    }
    #expect(said("\(folder)/pipe") == "\(folder)/pipe: this is a pipe, not a file; name an experiment file.")
    #expect(said("/dev/zero") == "/dev/zero: this is a device, not a file; name an experiment file.")
    #expect(said("\(folder)/loop").hasPrefix("\(folder)/loop: it cannot be read: Too many levels of symbolic links"))
    // 16 MiB and a byte, without data on the disk.
    #expect(FileManager.default.createFile(atPath: "\(folder)/large", contents: nil))
    truncate("\(folder)/large", 16 << 20 + 1)
    #expect(said("\(folder)/large").hasPrefix("\(folder)/large: the file has "))
  }

  @Test("files that extend each other in a circle, in a long row or in great numbers are refused")
  func extending() throws {
    let folder = NSTemporaryDirectory() + "overtone-hostile-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    func said(_ files: [String: String]) throws -> String {
      for (name, text) in files { try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)")) }
      do { _ = try Settings(file: "\(folder)/0") } catch {
        return "\(error)".replacingOccurrences(of: folder + "/", with: "").prefix { $0 != "\n" } + ""
      }
      return "sound"
    }
    #expect(
      try said(["0": "extends: 1", "1": "extends: ../\(folder.split(separator: "/").last!)/0"])
        == "1:1:10: 0 extends itself by way of 0, 1.")
    // A link to the folder itself gives the same file ever new names.
    symlink(".", "\(folder)/here")
    #expect(try said(["0": "extends: here/0"]).hasSuffix("Too many levels of symbolic links."))
    let row = "too much is extended here: at most 64 files in a row, 256 in all, 200000 values and 16777216 bytes."
    let chain = Dictionary(uniqueKeysWithValues: (0..<80).map { ("\($0)", "extends: \($0 + 1)") })
    #expect(try said(chain) == "63:1:10: \(row)")
    let many = Dictionary(uniqueKeysWithValues: (0..<20).map { ("\($0)", "extends: [\($0 + 1), \($0 + 1)]") })
    #expect(try said(many.merging(["20": "a: 1"]) { $1 }).hasSuffix(row))
  }

  @Test(
    "numbers are those of YAML 1.2; what overflows, or is a number elsewhere, is none",
    arguments: [
      "0x", "0x-5", "0o9", "0xFFFFFFFFFFFFFFFFFF", "1_000", "12:30", "0b1", "1.5.2", "--1", "1e", "٣", "1,5",
      "99999999999999999999999", "9223372036854775808", "0.5",
    ])
  func numbers(_ text: String) throws {
    var settings = try Settings(parsing: "a: \(text)", file: "x.yaml")
    #expect(throws: SettingsError.self) { try settings[required: "a", about: ""] as Int }
  }

  @Test("an override with a path of thousands of keys is refused")
  func overrides() throws {
    #expect(said([], [String(repeating: "a.", count: 30_000) + "b=1"]).hasSuffix("its path has more than 64 keys."))
  }
}
