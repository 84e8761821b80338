import Foundation
import ProgramSupport
import Testing

/// Processes of the program whose command line holds all of some words.
private func processes(with words: [String]) -> [Int32] {
  ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).compactMap(Int32.init).filter { process in
    let line = FileManager.default.contents(atPath: "/proc/\(process)/cmdline").map {
      String(decoding: $0, as: UTF8.self)
    }
    return words.allSatisfy { line?.contains($0) == true }
  }
}

@Suite struct SignalTests {
  /// An experiment whose variant `long` no machine ends within a test.
  private static func experiment(in scratch: Scratch, long: String) throws -> [String] {
    try scratch.write(
      """
      seed: 3
      results: \(scratch.path)/results
      dataset: { use: shapes, size: 16, count: 16 }
      tokenizer: { use: pixels, patch-size: 4 }
      direction: { use: masked, steps: 2 }
      conditioner: { use: class-prefix, count: 2 }
      backbone: { use: encoder-decoder, width: 16, depth: 2, heads: 2 }
      loss: { use: diffusion, width: 16, depth: 1, steps: 2 }
      training: { steps: 4, batch: 4 }
      sampling: { per-class: 1 }
      evaluation: { count: 4 }
      metrics: [{ use: psnr }]
      sweep: { variants: { long: { \(long) }, short: } }
      """, "e.yaml")
    return ["run", "--quiet", "--threads", "1", "\(scratch.path)/e.yaml"]
  }

  /// Stages that last, and what of the run's folder says that one has begun.
  private static let lasting: [(long: String, sign: String)] = [
    ("training: { steps: 100000000 }", "artefacts/model-"),
    ("sampling: { per-class: 4096, batch: 4096 }", "loss-model.svg"),
    ("evaluation: { count: 200000 }, dataset: { use: shapes, size: 16, count: 200000 }", "samples/turns.png"),
  ]

  @Test(
    "a signal ends a run in any stage within two seconds, resumable; --jobs leaves no process behind",
    arguments: lasting, [[], ["--jobs", "2"]])
  func stages(_ stage: (long: String, sign: String), _ jobs: [String]) throws {
    let scratch = Scratch(), arguments = try Self.experiment(in: scratch, long: stage.long)
    var asked = Date.distantFuture
    let ending = try program(
      arguments + ["--variant", "long"] + jobs,
      stop: (
        [SIGTERM], 0,
        {
          guard scratch.content.contains(where: { $0.contains(stage.sign) }) else { return false }
          asked = Date()
          return true
        }
      ))
    #expect(ending.status == 75 && Date().timeIntervalSince(asked) < 2, "\(ending.errors)")
    #expect(processes(with: [scratch.path]) == [])
    let status = try program(["status", "\(scratch.path)/e.yaml", "--variant", "long"]).output
    #expect(status.contains("stopped"), "\(status)")
  }

  @Test("a command that has nothing to save ends by the signal", arguments: [SIGINT, SIGTERM])
  func nothingToSave(_ signal: Int32) throws {
    let start = Date()
    let ending = try program(
      ["bench", "train_far_tiny", "--reps", "10000", "--threads", "1"],
      in: projectFolder, stop: ([signal], 0, { Date().timeIntervalSince(start) > 0.3 }))
    #expect(ending.status == -signal && Date().timeIntervalSince(start) < 3, "\(ending.errors)")
  }

  @Test("with --jobs a run that is killed is recorded, and the others go on")
  func killed() throws {
    let scratch = Scratch()
    let arguments = try Self.experiment(in: scratch, long: "training: { steps: 100000000 }")
    let ending = try program(
      arguments + ["--jobs", "1"],
      stop: (
        [], 0,
        {
          guard scratch.content.contains(where: { $0.contains("artefacts/model-") }) else { return false }
          for process in processes(with: [scratch.path, "--worker"]) { kill(process, SIGKILL) }
          return true
        }
      ))
    #expect(ending.status == 1)
    #expect(
      ending.errors.hasSuffix(
        "error: 1 of 2 runs failed; the same command tries them again:\n  long, seed 3: crashed: signal 9 (Killed)\n"),
      "\(ending.errors)")
    let status = try program(["status", "\(scratch.path)/e.yaml"]).output
    #expect(
      status.contains("long   seed 3  crashed  signal 9 (Killed)") && status.contains("short  seed 3  done"),
      "\(status)")
  }

  @Test("a run that crashes is recorded, and the same command does the others first")
  func crash() throws {
    setenv("SWIFT_BACKTRACE", "enable=no", 1)
    let scratch = Scratch()
    let arguments = try Self.experiment(in: scratch, long: "training: { steps: 100000000 }")
    let hasBegun = { scratch.content.contains { $0.contains("artefacts/model-") } }
    #expect(try program(arguments, stop: ([SIGSEGV], 0, hasBegun)).status == -SIGSEGV)
    func status() throws -> String { try program(["status", "\(scratch.path)/e.yaml"]).output }
    let crashed = "long   seed 3  crashed  signal 11 (Segmentation fault)"
    #expect(try status().contains(crashed))
    func isDone() -> Bool {
      scratch.content.filter { $0.contains("/short-") && $0.hasSuffix("/STATUS") }.contains {
        (try? String(contentsOfFile: "\(scratch.path)/\($0)", encoding: .utf8))?.hasPrefix("done") == true
      }
    }
    #expect(try program(arguments, stop: ([SIGINT], 0, isDone)).status == 75)
    #expect(try status().contains("short  seed 3  done"))
  }
}
