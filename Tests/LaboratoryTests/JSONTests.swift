import Foundation
import Laboratory
import Testing

@Suite struct JSONTests {
  private let value = JSON.object([
    ("name", .text("a \"b\"")), ("count", .number(3)), ("half", .number(0.5)), ("none", .null),
    ("list", .list([.bool(true), .bool(false)])),
  ])

  @Test("a value on one line keeps the order of its fields")
  func line() {
    #expect(value.line == #"{"name": "a \"b\"", "count": 3, "half": 0.5, "none": null, "list": [true, false]}"#)
  }

  @Test("an object has a line for each field, a list a line for each item, a scalar one line")
  func lines() {
    #expect(JSON.object([("a", .number(1)), ("b", .list([]))]).lines == "{\n  \"a\": 1,\n  \"b\": []\n}")
    #expect(JSON.list([.number(1), .text("x")]).lines == "[\n  1,\n  \"x\"\n]")
    #expect(JSON.bool(true).lines == "true")
  }

  @Test(
    "numbers that JSON lacks become null, and whole ones have no point",
    arguments: [
      (Double.nan, "null"), (.infinity, "null"), (-.infinity, "null"), (2, "2"), (-7, "-7"), (0.25, "0.25"),
      (1e300, "1e+300"), (123_456_789_012, "123456789012"),
    ])
  func numbers(_ value: Double, _ text: String) { #expect(JSON.number(value).line == text) }

  @Test("rounded numbers have six significant digits")
  func rounded() {
    #expect(JSON.rounded(0.123456789).line == "0.123457")
    #expect(JSON.rounded(1234567.8).line == "1234570")
    #expect(JSON.rounded(.nan).line == "null")
  }

  @Test("control characters, quotation marks and backslashes are escaped, and read back as they were")
  func escaped() throws {
    #expect(JSON.quoted("\u{1}\n\r\t\\\"") == #""\u0001\n\r\t\\\"""#)
    for text in ["plain", "ä, 画像", "a\u{0}b\u{1F}", "line\nbreak", "\"\\/"] {
      let read = try JSONSerialization.jsonObject(with: Data("[\(JSON.quoted(text))]".utf8)) as? [String]
      #expect(read == [text])
    }
  }

  private struct Entry: Codable, Equatable { var path: String, value: Double }

  @Test("files are indented, with sorted keys, plain slashes, and null for numbers that are not finite")
  func encoded() throws {
    #expect(try JSON.encoded(Entry(path: "a/b", value: 1.5)) == "{\n  \"path\" : \"a/b\",\n  \"value\" : 1.5\n}\n")
    for value in [Double.infinity, -.infinity, .nan] {
      #expect(try JSON.encoded(Entry(path: "nan", value: value)) == "{\n  \"path\" : \"nan\",\n  \"value\" : null\n}\n")
    }
  }
}
