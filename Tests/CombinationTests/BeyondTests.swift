import Autoregression
import Foundation
import Laboratory
import Networks
import OvertoneCLI
import ProgramSupport
import Settings
import Testing

/// The experiments beyond the reproduced papers: `Experiments/beyond/<idea>.yaml`.
@Suite(.serialized) struct BeyondTests {
  private static let folder = "Experiments/beyond"
  private static let files: [String] = {
    ((try? FileManager.default.contentsOfDirectory(atPath: "\(projectFolder)/\(folder)")) ?? [])
      .filter { $0.hasSuffix(".yaml") }.map { "\(folder)/\($0)" }.sorted()
  }()

  private func text(_ file: String) throws -> String {
    try String(contentsOfFile: "\(projectFolder)/\(file)", encoding: .utf8)
  }

  @Test("every file begins with its schema, names its source, says how it is run and what was measured, and is listed")
  func heads() throws {
    #expect(!Self.files.isEmpty)
    let list = try text("\(Self.folder)/README.md")
    for file in Self.files {
      let lines = try text(file).split(separator: "\n").map(String.init)
      let head = lines.prefix { $0.hasPrefix("#") }.joined(separator: "\n")
      #expect(lines[0] == "# yaml-language-server: $schema=../experiment.schema.json", "\(file)")
      for part in ["arXiv", "overtone run \(file)", "Expected", "Measured at this scale: "] {
        #expect(head.contains(part), "\(file): \(part)")
      }
      #expect(list.contains("(\(file.dropFirst(Self.folder.count + 1)))"), "\(file) is not in the list")
    }
  }

  @Test("every variant assembles at its default scale, and expectations name variants", arguments: Self.files)
  func assembles(_ file: String) throws {
    let sweep = try Sweep(file: "\(projectFolder)/\(file)", scale: nil, overrides: [])
    for variant in sweep.variants {
      _ = try withoutStorage { try Assembly(variant.settings, name: "beyond", registry: Registry.linked()) }
    }
    for (text, location) in sweep.expectations {
      let expectation = try Expectation(text, at: location)
      #expect(Set(sweep.variants.map(\.name)).isSuperset(of: expectation.names), "\(text)")
    }
  }

  @Test("every variant trains, samples and is evaluated at scale smoke", arguments: Self.files)
  func runs(_ file: String) throws {
    let results = NSTemporaryDirectory() + "overtone-beyond-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: results) }
    let short = ["results=\(results)", "training.steps=2", "training.batch=4", "evaluation.count=4"]
    var command = try Overtone.parseAsRoot(
      ["run", "--quiet", "\(projectFolder)/\(file)", "--scale", "smoke"] + short)
    #expect(throws: Never.self, "\(file)") { try command.run() }
  }
}
