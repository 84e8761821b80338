import Files
import Foundation

/// The content of files beside the hashes that were recorded when they were made: what was changed with a tool
/// that renews the checksums inside the file is found here alone.
extension IntegrityReport {
  /// Compares the files of a finished run with the record of the run. Files are read, since a disk that fails changes
  /// no times.
  static func addContent(of record: InputRecord, of folder: String, to reports: inout [IntegrityReport]) {
    let hashes = record.hashes ?? [:]
    for (name, recorded) in hashes.sorted(by: { $0.key < $1.key }) {
      guard let path = record.path(of: name, for: folder), Folder.exists(path) else { continue }
      let index =
        reports.firstIndex { $0.path == path }
        ?? {
          reports.append(IntegrityReport(path, "read", [], advice: ""))
          return reports.count - 1
        }()
      reports[index].compare(with: recorded)
    }
    for name in ["samples.h5", "tokenizer/checkpoint.h5", "model/checkpoint.h5"] where hashes[name] == nil {
      guard let path = record.path(of: name, for: folder), let index = reports.firstIndex(where: { $0.path == path })
      else { continue }
      reports[index].summary += "; no content hash was recorded"
    }
  }

  /// Returns the report with the content compared to the record beside the file: that of an artefact, or of a run.
  func comparedWithRecord() -> IntegrityReport {
    let url = URL(fileURLWithPath: path), folder = url.deletingLastPathComponent().path, name = url.lastPathComponent
    guard Folder.exists(path),
      let recorded = (try? ArtefactRecord(in: folder))?.files[name] ?? (try? InputRecord(in: folder))?.hashes?[name]
    else { return self }
    var report = self
    report.compare(with: recorded)
    return report
  }

  /// Adds a finding where the content of the file is not the one that was recorded. A file whose damage was found by
  /// reading it is another one by that already.
  private mutating func compare(with recorded: String) {
    guard findings.isEmpty else { return }
    guard let hash = SHA256.hex(ofFile: path), hash != recorded else {
      summary += "; content as recorded"
      return
    }
    findings.append("its content is not what the run recorded (SHA-256 \(recorded)).")
    advice = "Put that file back. \(Self.remaking(path))"
  }

  /// Returns how a file is made anew.
  private static func remaking(_ path: String) -> String {
    path.contains("/artefacts/")
      ? "Or remove it, and run the experiment again with --force: this stage is made anew."
      : "Or run the experiment again with --force: images and numbers are made anew, and nothing is trained twice."
  }
}
