import Foundation
import Laboratory
import OvertoneCLI
import ProgramSupport
import Testing

private let sweep = "\(projectFolder)/Experiments/smoke/sweep.yaml"

/// True if Slurm is installed here and would start a job now.
private let hasSlurm = systemOutput(["sinfo", "--noheader", "--states=idle,mixed"])?.isEmpty == false

@Suite struct SlurmTests {
  @Test("a script requests the named resources, passes warnings on, and puts itself back into the queue")
  func script() throws {
    let scratch = Scratch()
    let ending = try program([
      "run", sweep, "results=\(scratch.path)/r", "--variant", "full,filter=ideal", "--slurm", "--time-limit", "90",
      "--cpus", "8", "--memory", "16G", "--partition", "short", "--account", "us", "--array", "2", "--setup",
      "module load gcc", "--sbatch", "--qos=long",
    ])
    let script = "\(scratch.path)/r/sweep/slurm/sweep.sbatch"
    #expect(ending.status == 0)
    #expect(
      ending.output == """
        \(script): 2 tasks; their logs are written beside it.
        Submit it with: sbatch \(script)

        """)
    let text = try String(contentsOfFile: script, encoding: .utf8)
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    #expect(
      lines.filter { $0.hasPrefix("#SBATCH") } == [
        "#SBATCH --job-name=sweep", "#SBATCH --array=1-2",
        "#SBATCH --output=\"\(scratch.path)/r/sweep/slurm/%A_%a.log\"", "#SBATCH --open-mode=append",
        "#SBATCH --ntasks=1", "#SBATCH --cpus-per-task=8", "#SBATCH --mem=16G", "#SBATCH --time=1:30:00",
        "#SBATCH --partition=short", "#SBATCH --account=us", "#SBATCH --signal=B:USR1@120", "#SBATCH --requeue",
        "#SBATCH --qos=long",
      ])
    let command = try #require(lines.first { $0.contains("overtone run ") })
    #expect(
      command.hasSuffix(
        "/overtone run \(sweep) results=\(scratch.path)/r --variant full,filter=ideal --time-limit 1:30:00"
          + " --threads \"${SLURM_CPUS_PER_TASK:-8}\" &"))
    #expect(
      lines.contains("module load gcc") && lines.contains("cd \(FileManager.default.currentDirectoryPath) || exit 1"))
  }

  /// Starts a program as a queue would, with no signal blocked: threads of tests block some, which `Process` passes on.
  private func start(_ words: [String], _ environment: [String]) throws -> pid_t {
    var attributes = posix_spawnattr_t(), open = sigset_t(), child = pid_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    sigemptyset(&open)
    posix_spawnattr_setsigmask(&attributes, &open)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    var arguments = words.map { strdup($0) } + [nil], variables = environment.map { strdup($0) } + [nil]
    defer { (arguments + variables).forEach { free($0) } }
    try #require(posix_spawn(&child, words[0], nil, &attributes, &arguments, &variables) == 0)
    return child
  }

  @Test("the script's shell hands a warning on, waits until all is saved, and requeues on 75, but not when cancelled")
  func shell() throws {
    let scratch = Scratch()
    // A program that saves for a moment on a signal, and a queue that records who comes back.
    try scratch.write(
      "#!/bin/bash\ntrap 'sleep 0.3; echo saved > saved; exit 75' USR1 TERM\ntouch started; "
        + "for i in $(seq 2400); do sleep 0.05; done\n",
      "program")
    try scratch.write("#!/bin/sh\necho \"$@\" >> requeued\n", "bin/scontrol")
    try scratch.write(
      SlurmScript.text(
        ["--requeue"], setup: ["export PATH=\"$PWD/bin:$PATH\""], directory: scratch.path,
        program: "\(scratch.path)/program", arguments: ["it's a file.yaml"], threads: "1"), "job")
    for name in ["program", "bin/scontrol"] {
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: "\(scratch.path)/\(name)")
    }
    func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: "\(scratch.path)/\(name)") }
    for (number, isBack) in [(SIGUSR1, true), (SIGTERM, false)] {
      let job = try start(
        ["/bin/bash", "\(scratch.path)/job"],
        ["PATH=/usr/bin:/bin", "SLURM_ARRAY_JOB_ID=7", "SLURM_ARRAY_TASK_ID=2"])
      while !has("started") { usleep(10_000) }
      usleep(200_000)
      kill(job, number)
      var status: Int32 = 0
      waitpid(job, &status, 0)
      #expect((status >> 8) & 0xFF == 75 && has("saved"))
      #expect(has("requeued") == isBack)
      if isBack {
        #expect(try String(contentsOfFile: "\(scratch.path)/requeued", encoding: .utf8) == "requeue 7_2\n")
      }
      for name in ["started", "saved", "requeued"] {
        try? FileManager.default.removeItem(atPath: "\(scratch.path)/\(name)")
      }
    }
  }

  @Test("what cannot be submitted is refused in a sentence")
  func refusals() throws {
    let scratch = Scratch(), results = "results=\(scratch.path)/r"
    let stray = try program(["run", sweep, results, "--partition", "short"])
    #expect(stray.status == 2)
    #expect(stray.errors.contains("--partition applies to a Slurm job; add --slurm to write its script."))
    let forced = try program(["run", sweep, results, "--slurm", "--force"])
    #expect(forced.status == 2 && forced.errors.contains("leave it out with --slurm."))
    let words = try program(["run", sweep, results, "--slurm", "--memory", "16 G"])
    #expect(words.status == 2 && words.errors.contains("--memory must be one word, not '16 G'."))
    #expect(scratch.content.isEmpty)
  }

  @Test("an array of two completes a sweep on a real Slurm", .enabled(if: hasSlurm), .timeLimit(.minutes(3)))
  func real() throws {
    let scratch = Scratch()
    let ending = try program([
      "run", sweep, "results=\(scratch.path)/r", "--submit", "--array", "2", "--cpus", "1", "--sbatch", "--wait",
    ])
    #expect(ending.status == 0, "\(ending.errors)")
    let status = try program(["status", sweep, "results=\(scratch.path)/r"])
    #expect(status.output.hasSuffix("8 of 8 done\n"))
    #expect(
      try program(["run", sweep, "results=\(scratch.path)/r", "--slurm"]).sentence
        == "error: all 8 runs are done; there is nothing to submit.")
  }
}
