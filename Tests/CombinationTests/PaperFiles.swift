import Foundation
import ProgramSupport
import Settings

/// The papers' experiments as files: `Experiments/papers/<paper>/<experiment>.yaml`.
enum PaperFiles {
  /// Paths from the folder of the project, sorted.
  static let all: [String] = {
    let folder = "Experiments/papers"
    return ((try? FileManager.default.subpathsOfDirectory(atPath: "\(projectFolder)/\(folder)")) ?? [])
      .filter { $0.hasSuffix(".yaml") }.map { "\(folder)/\($0)" }.sorted()
  }()

  static let scales = ["smoke", "small", "paper"]

  static func sweep(_ file: String, _ scale: String, _ overrides: [String] = []) throws -> Sweep {
    try Sweep(file: "\(projectFolder)/\(file)", scale: scale, overrides: overrides)
  }
}
