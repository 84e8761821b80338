import Foundation
import Laboratory
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

  @Test("a run out of time saves, says so, ends with 75, and goes on to the bytes of one that was never stopped")
  func stopping() throws {
    let scratch = Scratch()
    // Long enough that no machine trains it within the limit.
    func run(_ results: String, _ more: [String]) throws -> Ending {
      try program(
        ["run", quickstart, "results=\(scratch.path)/\(results)"] + tiny + ["training.steps=400"] + more)
    }
    let first = try run("broken", ["--time-limit", "1s"])
    #expect(first.status == 75)
    #expect(
      first.sentence.hasPrefix("the time limit of 0:00:01 is near: ")
        && first.sentence.hasSuffix("; the same command goes on from there."), "\(first.sentence)")
    #expect(try run("broken", []).status == 0 && (try run("whole", [])).status == 0)
    let samples = ["broken", "whole"].map {
      FileManager.default.contents(atPath: "\(scratch.path)/\($0)/quickstart/0/samples.h5")
    }
    #expect(samples[0] != nil && samples[0] == samples[1])
  }

  @Test("one request to stop that comes by two signals is one request; a second Ctrl-C ends at once")
  func twice() throws {
    for (signals, status) in [([SIGUSR1, SIGTERM], Int32(75)), ([SIGTERM, SIGTERM], 75), ([SIGINT, SIGINT], SIGINT)] {
      let scratch = Scratch(), process = Process()
      process.executableURL = URL(fileURLWithPath: "\(projectFolder)/.build/release/overtone")
      process.arguments =
        ["run", quickstart, "results=\(scratch.path)", "training.steps=100000", "--threads", "1"]
        + tiny.filter { !$0.hasPrefix("training.steps") } + ["training.batch=64", "backbone.width=256"]
      process.standardError = FileHandle.nullDevice
      try process.run()
      let model = { scratch.content.contains { $0.hasPrefix("artefacts/model-") } }
      while !model() { usleep(20_000) }
      for number in signals {
        kill(process.processIdentifier, number)
        usleep(1000)
      }
      process.waitUntilExit()
      #expect(process.terminationStatus == status, "\(signals)")
    }
  }
}
