import Files
import Foundation
import Images
import Storage

/// The integrity of one file: damages that were found, and what to do about them.
package struct IntegrityReport {
  /// The file's path.
  package let path: String
  /// One sentence for each damage; empty for a sound file.
  package var findings: [String]
  /// One sentence for each data set that is not read although nothing is known against it.
  package var unread: [String] = []
  /// The extent of the check: "3 data sets, all with checksums".
  package var summary: String
  /// One sentence for the user of a damaged file.
  package var advice: String

  /// The report as a JSON object.
  package var json: JSON {
    .object([
      ("file", .text(path)), ("sound", .bool(findings.isEmpty)), ("findings", .list(findings.map { .text($0) })),
      ("unread", .list(unread.map { .text($0) })),
      ("advice", findings.isEmpty ? .null : .text(advice)),
    ])
  }

  /// Reads an HDF5 file through, in a process of its own where it may be damaged.
  /// Throws `Stopped` where the user stops the reading.
  init(file path: String) throws(Stopped) {
    self.path = path
    do {
      let verification = try GuardedReading.verification(of: path)
      (findings, unread) = (verification.findings, verification.unread)
      let (checked, datasets) = (verification.checked, verification.datasets)
      let sets = datasets == 1 ? "1 data set" : "\(datasets) data sets"
      let sums =
        checked == datasets
        ? "all with checksums" : checked == 0 ? "none with a checksum" : "\(checked) with checksums"
      summary = "\(sets), \(sums)" + (unread.isEmpty ? "" : ", \(unread.count) not read")
      advice = Self.advice(verification.kind)
    } catch let stopped as Stopped {
      throw stopped
    } catch {
      findings = [String("\(error)".dropFirst("\(path): ".count))]
      (summary, advice) = ("", Self.advice(Self.kind(named: path)))
    }
  }

  init(_ path: String, _ summary: String, _ findings: [String], advice: String) {
    (self.path, self.summary, self.findings, self.advice) = (path, summary, findings, advice)
  }

  /// Returns the kind that the name of a file suggests, for files whose attributes cannot be read.
  private static func kind(named path: String) -> String? {
    let name = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
    return name == "codes" ? "latents" : ["checkpoint", "metrics", "samples", "latents"].first { $0 == name }
  }

  /// Returns the advice for a damaged file of a kind.
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

  /// Reports on a file, on a run with the artefacts and inputs that it used, or on every run and file below a folder.
  /// Throws where there is nothing to verify.
  package static func all(at path: String) throws -> [IntegrityReport] {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue else {
      return [try IntegrityReport(file: path).comparedWithRecord()]
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
      } + below.filter { $0.hasSuffix(".h5") }.map { try IntegrityReport(file: "\(path)/\($0)").comparedWithRecord() }
    let unique = all.filter { seen.insert(URL(fileURLWithPath: $0.path).standardizedFileURL.path).inserted }
    guard !unique.isEmpty else {
      throw LaboratoryError("\(path): there is nothing to verify; name a run, or a file that ends in .h5.")
    }
    return unique
  }

  /// Reports on the files of a run, on its artefacts and on its inputs.
  private static func of(run folder: String) throws -> [IntegrityReport] {
    var all: [IntegrityReport] = []
    for name in try FileManager.default.subpathsOfDirectory(atPath: folder).sorted() {
      let path = "\(folder)/\(name)"
      if name.hasSuffix(".h5") { all.append(try IntegrityReport(file: path)) }
      if name.hasSuffix(".png") { all.append(IntegrityReport(image: path)) }
    }
    guard let record = try InputRecord(in: folder) else {
      all.append(
        IntegrityReport(
          "\(folder)/inputs.json", "", ["it is missing: the run stopped before it trained, or the file was removed."],
          advice: "Run the experiment again."))
      return all
    }
    let isDone = RunState(folder).kind == .done
    let model = record.folder(of: "model", for: folder) ?? record.model
    for stage in ["tokenizer", "latents", "model"] {
      if let artefact = record.folder(of: stage, for: folder) { all += try of(artefact: artefact, isDone: isDone) }
    }
    if isDone, !Folder.exists("\(model)/checkpoint.h5") {
      all.append(
        IntegrityReport(
          "\(model)/checkpoint.h5", "", ["it is missing, and the run is done."],
          advice: "Images and numbers stay what they are; to sample more, run the experiment again with --force."))
    }
    if isDone { addContent(of: record, of: folder, to: &all) }
    return all + record.inputs.map { of(input: $0, results: RunFolder.results(above: folder).folder) }
  }

  /// Reports on the checkpoint of an artefact and the files beside it; on none where there is no checkpoint.
  private static func of(artefact folder: String, isDone: Bool) throws -> [IntegrityReport] {
    guard Folder.exists("\(folder)/checkpoint.h5") else { return try latents(in: folder) }
    var checkpoint = try IntegrityReport(file: "\(folder)/checkpoint.h5")
    if isDone, let step = (try? Reader(checkpoint.path).ints("cursor/step"))?.first,
      let last = (try? MetricsLog("\(folder)/metrics.h5").series("train", "loss"))?.last?.step, last > Double(step)
    {
      checkpoint.findings.append("it stands at step \(step), and its metrics go on to \(JSON.number(last).line).")
    }
    let metrics = "\(folder)/metrics.h5"
    return [checkpoint] + (Folder.exists(metrics) ? [try IntegrityReport(file: metrics)] : [])
      + (try latents(in: folder))
  }

  /// Reports on the latents in the folder of an artefact.
  private static func latents(in folder: String) throws -> [IntegrityReport] {
    try ["latents", "codes"].map { "\(folder)/\($0).h5" }.filter(Folder.exists).map { try IntegrityReport(file: $0) }
  }

  /// Reports on a file that a run read.
  private static func of(input: InputRecord.Input, results: String) -> IntegrityReport {
    if let count = input.files {
      return IntegrityReport(
        input.path, "\(count) files as the run read them", InputFolder.findings(in: input, results: results),
        advice: "Put back the files that the run read, or run the experiment again.")
    }
    let hash = SHA256.hex(ofFile: input.path)
    let finding = hash == nil ? "it is missing, and the run read it." : "it is not the file that the run read."
    return IntegrityReport(
      input.path, "as the run read it", hash == input.hash ? [] : [finding],
      advice: "Put back the file whose SHA-256 is \(input.hash), or run the experiment again.")
  }

  /// Reads a PNG file.
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
