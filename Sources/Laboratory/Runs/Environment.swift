import Autoregression
import Foundation
import Storage
import Tensors

/// Facts about the program, the machine and the state of the files, which a run records for its repetition.
package enum Environment {
  /// The version of Overtone.
  package static let version = "0.1.0"

  /// The version with the commit that the program was built from: "0.1.0 (commit 0123456789ab, sources changed)".
  package static var build: String {
    let (commit, sources) = builtFrom
    return "\(version) (commit \(commit.prefix(12))\(sources == "changed since" ? ", sources changed" : ""))"
  }

  /// The commit that the program was built from, or "unknown", and the state of its sources then: "as committed",
  /// "changed since" or "unknown".
  static var builtFrom: (commit: String, sources: String) {
    let words = (Registry.linked().commit ?? "unknown").split(separator: " ").map(String.init)
    let commit = words.first ?? "unknown"
    return (commit, commit == "unknown" ? commit : words.count > 1 ? "changed since" : "as committed")
  }

  /// The path of this program's file.
  package static var program: String {
    (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
  }

  /// The processor's model name.
  static var processor: String {
    let info = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    let line = info.split(separator: "\n").first { $0.hasPrefix("model name") }
    return line?.split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) } ?? "unknown"
  }

  /// Returns the free bytes of the disk that a path lies on, or will lie on once its folders are made; nil where that
  /// is unknown.
  static func freeBytes(at path: String) -> Int? {
    var path = URL(fileURLWithPath: path).standardizedFileURL
    while !FileManager.default.fileExists(atPath: path.path), path.path != "/" { path.deleteLastPathComponent() }
    return (try? FileManager.default.attributesOfFileSystem(forPath: path.path)[.systemFreeSize] as? NSNumber)?.intValue
  }

  /// The version of the Swift compiler that made this program.
  private static var compiler: String {
    #if compiler(>=6.4)
      "6.4 or later"
    #elseif compiler(>=6.3)
      "6.3"
    #else
      "before 6.3"
    #endif
  }

  /// "Linux 6.1.0 x86_64, Debian GNU/Linux 12 (bookworm), glibc 2.36"
  private static var system: String {
    var name = utsname()
    uname(&name)
    func text(_ field: some Any) -> String {
      withUnsafeBytes(of: field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
    var letters = [CChar](repeating: 0, count: 64)
    confstr(Int32(_CS_GNU_LIBC_VERSION), &letters, letters.count)
    let libc = String(decoding: letters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let release = (try? String(contentsOfFile: "/etc/os-release", encoding: .utf8)) ?? ""
    let pretty = release.split(separator: "\n").first { $0.hasPrefix("PRETTY_NAME=") }.map {
      $0.dropFirst("PRETTY_NAME=".count).trimmingCharacters(in: ["\""])
    }
    return
      (["\(text(name.sysname)) \(text(name.release)) \(text(name.machine))"] + [pretty].compactMap(\.self) + [
        libc
      ]).joined(separator: ", ")
  }

  /// The Slurm job of this process; nil outside one.
  private static var job: String? {
    let variables = ProcessInfo.processInfo.environment
    guard let job = variables["SLURM_ARRAY_JOB_ID"], let task = variables["SLURM_ARRAY_TASK_ID"] else {
      return variables["SLURM_JOB_ID"]
    }
    return "\(job)_\(task)"
  }

  /// The content of `environment.json`, written when a run begins or resumes.
  static var json: String {
    let blas = try? BLAS.load(), process = ProcessInfo.processInfo
    let changes = git(["--no-optional-locks", "status", "--porcelain"]).split(separator: "\n").map {
      $0.trimmingCharacters(in: .whitespaces)
    }
    let (commit, sources) = builtFrom, folderCommit = git(["rev-parse", "--verify", "-q", "HEAD"])
    let facts: [(String, JSON)] = [
      ("overtone", .text(version)), ("compiler", .text("Swift \(compiler)")), ("system", .text(system)),
      ("host", .text(process.hostName)), ("processor", .text(processor)),
      ("cores", .number(Double(ThreadPool.shared.width))), ("threads", .number(Double(ThreadPool.shared.threads))),
      ("memoryBytes", .number(Double(process.physicalMemory))), ("blas", .text(blas?.library ?? "none")),
      ("blasKernel", .text(blas?.kernel ?? "unknown")),
      ("blasConfiguration", (blas?.configuration).map { .text($0) } ?? .null),
      ("hdf5", .text(LibraryVersions.hdf5)), ("folder", .text(FileManager.default.currentDirectoryPath)),
      ("command", .list(CommandLine.arguments.map { .text($0) })), ("slurmJob", job.map { .text($0) } ?? .null),
      ("begun", .text(ISO8601DateFormatter().string(from: Date()))),
      // The program's own sources; then what is beside the experiment, which is another repository or none.
      ("gitCommit", .text(commit)), ("gitSources", .text(sources)),
      ("folderCommit", folderCommit.isEmpty ? .null : .text(folderCommit)),
      ("folderChanges", .list(changes.prefix(100).map { .text($0) })),
      ("folderChangedFiles", .number(Double(changes.count))),
    ]
    return JSON.object(facts).lines + "\n"
  }

  /// Returns the output of git in the current folder; empty outside a repository or without git.
  private static func git(_ arguments: [String]) -> String {
    let process = Process(), pipe = Pipe()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["git"] + arguments
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return "" }
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return process.terminationStatus == 0
      ? String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines) : ""
  }
}
