import Foundation
import Images
import Storage

/// Whether one file is what was written, and what to do where it is not.
package struct IntegrityReport {
  package let path: String
  package var findings: [String]
  /// What was looked at.
  package var summary: String
  package var advice: String

  package var json: JSON {
    .object([
      ("file", .text(path)), ("sound", .bool(findings.isEmpty)), ("findings", .list(findings.map { .text($0) })),
      ("advice", findings.isEmpty ? .null : .text(advice)),
    ])
  }

  /// An HDF5 file; `isTried`: whether another process has read it before.
  init(file path: String, isTried: Bool = false) {
    self.path = path
    guard isTried || !Self.breaks(path) else {
      findings = ["HDF5 itself breaks off while reading it; bytes of its structure changed."]
      (summary, advice) = ("", Self.advice(Self.kind(named: path)))
      return
    }
    do {
      let found = try Verification(path)
      findings = found.findings
      let sets = found.datasets == 1 ? "1 data set" : "\(found.datasets) data sets"
      summary =
        found.checked == found.datasets
        ? "\(sets), all with checksums"
        : found.checked == 0 ? "\(sets), none with a checksum" : "\(sets), \(found.checked) with checksums"
      advice = Self.advice(found.kind)
    } catch {
      findings = [String("\(error)".dropFirst("\(path): ".count))]
      (summary, advice) = ("", Self.advice(Self.kind(named: path)))
    }
  }

  /// HDF5 1.10 trusts the structure of a file, and may take the program with it: another process goes first.
  private static func breaks(_ path: String) -> Bool {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: Environment.program)
    process.arguments = ["verify", "--tried", path]
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationReason == .uncaughtSignal
  }

  private init(_ path: String, _ summary: String, _ findings: [String], advice: String) {
    (self.path, self.summary, self.findings, self.advice) = (path, summary, findings, advice)
  }

  /// What a file of that name would be, when it cannot say so itself.
  private static func kind(named path: String) -> String? {
    let name = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
    return name == "codes" ? "latents" : ["checkpoint", "metrics", "samples", "latents"].first { $0 == name }
  }

  private static func advice(_ kind: String?) -> String {
    switch kind {
    case "checkpoint": "Remove it, and run the experiment again: this stage is trained anew."
    case "latents": "Remove it, and run the experiment again: latents are made when they are needed."
    case "metrics": "Remove it: nothing but curves is lost, and training does not need them."
    case "samples": "Run the experiment again with --force: images are made anew, and nothing is trained twice."
    case "images": "Bring the images in again with 'overtone data import'."
    default: "Take another copy of it from where it came."
    }
  }

  // MARK: Runs

  /// A file, a run, or every run below a folder.
  package static func all(at path: String, isTried: Bool) throws -> [IntegrityReport] {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue else {
      return [IntegrityReport(file: path, isTried: isTried)]
    }
    let below = try FileManager.default.subpathsOfDirectory(atPath: path).sorted {
      $0.compare($1, options: .numeric) == .orderedAscending
    }
    let runs = (["STATUS"] + below).filter {
      ($0 == "STATUS" || $0.hasSuffix("/STATUS")) && FileManager.default.fileExists(atPath: "\(path)/\($0)")
    }
    var seen: Set<String> = []
    let all =
      try Set(runs).sorted { $0.compare($1, options: .numeric) == .orderedAscending }.flatMap { name in
        try of(run: URL(fileURLWithPath: "\(path)/\(name)").deletingLastPathComponent().path)
      } + below.filter { $0.hasSuffix(".h5") }.map { IntegrityReport(file: "\(path)/\($0)") }
    let unique = all.filter { seen.insert(URL(fileURLWithPath: $0.path).standardizedFileURL.path).inserted }
    guard !unique.isEmpty else {
      throw LaboratoryError("\(path): there is nothing to verify; name a run, or a file that ends in .h5.")
    }
    return unique
  }

  /// What a run keeps and what it was made from.
  private static func of(run folder: String) throws -> [IntegrityReport] {
    let record = try InputRecord(in: folder)
    var all: [IntegrityReport] = []
    for name in try FileManager.default.subpathsOfDirectory(atPath: folder).sorted() {
      let path = "\(folder)/\(name)"
      if name.hasSuffix(".h5") { all.append(IntegrityReport(file: path)) }
      if name.hasSuffix(".png") { all.append(IntegrityReport(image: path)) }
    }
    guard let record else {
      all.append(
        IntegrityReport(
          "\(folder)/inputs.json", "", ["it is missing: the run stopped before it trained, or the file was removed."],
          advice: "Run the experiment again."))
      return all
    }
    for artefact in [record.tokenizer, record.model] where Folder.exists("\(artefact)/checkpoint.h5") {
      var checkpoint = IntegrityReport(file: "\(artefact)/checkpoint.h5")
      if let step = (try? Reader(checkpoint.path).ints("cursor/step"))?.first,
        let last = (try? MetricsLog("\(artefact)/metrics.h5").series("train", "loss"))?.last?.step,
        RunState(folder).kind == .done, Int(last) > step
      {
        checkpoint.findings.append("it stands at step \(step), and its metrics go on to \(Int(last)).")
      }
      all.append(checkpoint)
      for name in ["metrics", "latents", "codes"] where Folder.exists("\(artefact)/\(name).h5") {
        all.append(IntegrityReport(file: "\(artefact)/\(name).h5"))
      }
    }
    if RunState(folder).kind == .done, !Folder.exists("\(record.model)/checkpoint.h5") {
      all.append(
        IntegrityReport(
          "\(record.model)/checkpoint.h5", "", ["it is missing, and the run is done."],
          advice: "Images and numbers stay what they are; to sample more, run the experiment again with --force."))
    }
    for input in record.inputs {
      let hash = SHA256.hex(ofFile: input.path)
      all.append(
        IntegrityReport(
          input.path, "as the run read it",
          hash == input.hash
            ? [] : [hash == nil ? "it is missing, and the run read it." : "it is not the file that the run read."],
          advice: "Put back the file whose SHA-256 is \(input.hash), or run the experiment again."))
    }
    return all
  }

  private init(image path: String) {
    do {
      let image = try ByteImage.read(path)
      self.init(path, "an image of \(image.width)x\(image.height)", [], advice: "")
    } catch {
      self.init(
        path, "", [String("\(error)".dropFirst("\(path): ".count))],
        advice: "Run the experiment again with --force: images are made anew, and nothing is trained twice.")
    }
  }
}
