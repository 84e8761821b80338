import Foundation
import Laboratory
import Testing

@Suite struct FormatTests {
  @Test(
    "numbers have about three significant digits",
    arguments: [
      (0, "0.0"), (0.01234567, "0.0123"), (4.5678, "4.57"), (45.678, "45.7"), (312.4, "312"), (-1.005, "-1.0"),
      (0.0000123, "1.23e-05"), (99_999.5, "100000"),
    ])
  func short(_ value: Double, _ text: String) { #expect(NumberFormat.short(value) == text) }

  @Test(
    "numbers that no integer holds are printed with an exponent, and never end the program",
    arguments: [
      (1e15, "1000000000000000.0"), (1e19, "1e+19"), (-1e300, "-1e+300"), (Double.infinity, "not finite"),
      (-.infinity, "not finite"), (.nan, "not finite"), (-.nan, "not finite"),
    ])
  func large(_ value: Double, _ text: String) { #expect(NumberFormat.short(value) == text) }

  @Test(
    "durations are minutes and seconds, with hours from one hour on",
    arguments: [
      (0, "0:00"), (0.2, "0:01"), (65, "1:05"), (3599, "59:59"), (3600, "1:00:00"), (7384, "2:03:04"),
      (Double.infinity, "?"), (.nan, "?"), (1e18, "?"),
    ])
  func duration(_ seconds: Double, _ text: String) { #expect(NumberFormat.duration(seconds) == text) }

  @Test(
    "cells of CSV are quoted where RFC 4180 requires it",
    arguments: [
      ("plain", "plain"), ("", ""), ("a,b", "\"a,b\""), ("say \"x\"", "\"say \"\"x\"\"\""), ("a\nb", "\"a\nb\""),
      ("a\r\nb", "\"a\r\nb\""), ("ä b", "ä b"),
    ])
  func csv(_ text: String, _ cell: String) { #expect(Quoting.csv(text) == cell) }

  @Test("cells that are always quoted double their quotation marks")
  func csvQuoted() {
    #expect(Quoting.csvQuoted("plain") == "\"plain\"")
    #expect(Quoting.csvQuoted("\"") == "\"\"\"\"")
  }

  @Test("a POSIX shell reads quoted words back as they were")
  func shell() throws {
    let words = ["plain", "", "two words", "it's", "$HOME", "a*?", "ä", "--set=a,b:c", "`x`", "\"", "new\nline"]
    #expect(Quoting.shell("plain") == "plain" && Quoting.shell("it's") == "'it'\\''s'" && Quoting.shell("") == "''")
    let process = Process(), pipe = Pipe()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-c", "printf '%s\\0' " + words.map(Quoting.shell).joined(separator: " ")]
    process.standardOutput = pipe
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    let read = data.split(separator: 0, omittingEmptySubsequences: false).map { String(decoding: $0, as: UTF8.self) }
    #expect(read == words + [""])
  }
}
