import Foundation
import Laboratory
import OvertoneCLI
import ProgramSupport
import Testing

@Suite struct TimeLimitTests {
  @Test(
    "a time limit is written as batch systems write it",
    arguments: [
      ("90", 5400), ("0:45", 45), ("2:00:00", 7200), ("1-12", 129_600), ("1-0:30", 88_200), ("1-12:00:05", 129_605),
      ("90s", 90), ("45m", 2700), ("20h", 72_000), ("2d", 172_800),
    ])
  func reading(text: String, seconds: Int) { #expect(TimeLimit(argument: text)?.seconds == seconds) }

  @Test(
    "what is no time is none",
    arguments: ["", "0", "-5", "1:2:3:4", "1-", "1-2-3", "h", "2 h", "1.5h", "99999999999999999999", "1:x", "٣"])
  func refusing(text: String) { #expect(TimeLimit(argument: text) == nil) }

  @Test("a limit reads back as it is written out")
  func roundTrip() {
    for seconds in [1, 59, 60, 3599, 3600, 86_399, 86_400, 90_061, 1_000_000] {
      let limit = TimeLimit(argument: "\(seconds)s")
      #expect(limit.flatMap { TimeLimit(argument: $0.text) } == limit && limit?.seconds == seconds)
    }
    #expect(TimeLimit(argument: "30h")?.text == "1-6:00:00" && TimeLimit(argument: "90")?.text == "1:30:00")
  }

  /// A training that no machine ends within a test.
  private let endless = ["training.steps=100000", "backbone.width=32"]

  @Test("a run out of time saves, says so, and ends with 75")
  func stopping() throws {
    let scratch = Scratch()
    let ending = try program(
      ["run", quickstart, "results=\(scratch.path)", "--time-limit", "2s"] + tiny + endless)
    #expect(ending.status == 75)
    #expect(
      ending.sentence.hasPrefix("the time limit of 0:00:02 is near: ")
        && ending.sentence.hasSuffix("; the same command goes on from there."), "\(ending.sentence)")
    let status = try program(["status", quickstart, "results=\(scratch.path)"] + tiny + endless)
    #expect(status.output.contains("stopped"))
  }

  @Test(
    "one request to stop that comes by two signals is one request",
    arguments: [[SIGUSR1, SIGTERM], [SIGTERM, SIGTERM]])
  func twice(signals: [Int32]) throws {
    let scratch = Scratch()
    let ending = try program(
      ["run", quickstart, "results=\(scratch.path)"] + tiny + endless,
      stop: (signals, 0.001, { scratch.content.contains { $0.hasPrefix("artefacts/model-") } }))
    #expect(ending.status == 75, "\(ending.errors)")
  }

  @Test("a second Ctrl-C ends the program at once, in the middle of a step")
  func atOnce() throws {
    let scratch = Scratch()
    let slow = [
      "training.batch=512", "backbone.width=768", "backbone.depth=8", "dataset.count=512", "training.save-every=1",
    ]
    let ending = try program(
      ["run", quickstart, "results=\(scratch.path)", "--threads", "1"] + tiny + endless + slow,
      stop: (
        [SIGINT, SIGINT], 0.05,
        { scratch.content.contains { $0.hasPrefix("artefacts/model-") && $0.hasSuffix("/checkpoint.h5") } }
      ))
    #expect(ending.status == -SIGINT, "\(ending.errors)")
  }
}
