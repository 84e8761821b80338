import Files
import Glibc
import Testing

private let limits = GuardedProcess.Limits(memory: 1 << 30, seconds: 5, clock: 60)

private func shell(
  _ script: String, _ limits: GuardedProcess.Limits = limits, isStopped: () -> Bool = { false }
) throws -> GuardedProcess.Outcome {
  try GuardedProcess.run("/bin/sh", ["-c", script], limits: limits, collectsOutput: true, isStopped: isStopped)
}

@Suite struct GuardedProcessTests {
  @Test(
    "a process ends by its status, or by the signal that killed it",
    arguments: [
      ("exit 0", GuardedProcess.Ending.exit(0)), ("exit 3", .exit(3)), ("kill -SEGV $$", .signal(SIGSEGV)),
      ("kill -KILL $$", .signal(SIGKILL)), ("kill -ABRT $$", .signal(SIGABRT)), ("exec 1>&- 2>&-; exit 4", .exit(4)),
    ])
  func endings(_ script: String, _ ending: GuardedProcess.Ending) throws {
    #expect(try shell(script).ending == ending)
  }

  @Test("output and errors are collected whole, also more than a pipe holds")
  func streams() throws {
    let outcome = try shell("head -c 3000000 /dev/zero; head -c 200000 /dev/zero >&2; printf end; printf stop >&2")
    #expect(outcome.output.count == 3_000_003 && outcome.output.suffix(3).elementsEqual("end".utf8))
    #expect(outcome.errors.count == 200_004 && outcome.errors.suffix(4).elementsEqual("stop".utf8))
  }

  @Test("limits end a process: a loop by the processor's time, a wait by the clock, memory by a refusal")
  func limited() throws {
    let short = GuardedProcess.Limits(memory: 1 << 26, seconds: 1, clock: 60)
    #expect(try shell("while :; do :; done", short).ending == .outOfTime)
    #expect(try shell("sleep 20", .init(memory: 1 << 26, seconds: 1, clock: 1)).ending == .outOfTime)
    // 512 MiB in one allocation, where 64 MiB are allowed.
    #expect(try shell("exec dd if=/dev/zero of=/dev/null bs=512M count=1", short).ending == .exit(1))
    #expect(try shell("exec dd if=/dev/zero of=/dev/null bs=512M count=1").ending == .exit(0))
  }

  @Test("the caller stops a process")
  func stopped() throws {
    var calls = 0
    let outcome = try shell("sleep 20") {
      calls += 1
      return calls > 2
    }
    #expect(outcome.ending == .stopped)
  }

  @Test("arguments arrive as they are, and files of this process stay its own")
  func arguments() throws {
    let descriptor = open("/dev/null", O_RDONLY)
    defer { close(descriptor) }
    let outcome = try GuardedProcess.run(
      "/bin/sh", ["-c", "printf '%s|' \"$@\"; ls /proc/self/fd | wc -l", "sh", "a b", "'$x'", ""], limits: limits,
      collectsOutput: true, isStopped: { false })
    // Input, output, errors, and the folder that is listed.
    #expect(String(decoding: outcome.output, as: UTF8.self) == "a b|'$x'||4\n")
  }
}
