import Autoregression
import Foundation
import Laboratory
import Networks
import OvertoneCLI
import ProgramSupport
import Settings
import Tensors
import Testing

/// The papers' experiments run.
@Suite(.serialized) struct PapersTests {
  private func assembled(_ variant: Sweep.Variant) throws -> Assembly {
    try Assembly(variant.settings, name: "papers", registry: Registry.linked())
  }

  @Test("every variant of every file assembles and can be planned at all three scales, and expectations name variants")
  func plans() throws {
    #expect(PaperFiles.all.count >= 36)
    var speeds = ProductSpeeds { _, _ in 1e11 }
    for file in PaperFiles.all {
      for scale in PaperFiles.scales {
        let name = "\(file), \(scale)", sweep = try PaperFiles.sweep(file, scale),
          names = Set(sweep.variants.map(\.name))
        // Seeds change neither.
        var seen: Set<String> = []
        for variant in sweep.variants where seen.insert(variant.name).inserted {
          let assembly = try withoutStorage { try assembled(variant) }
          #expect(CostEstimate(assembly, &speeds).text.contains("model parameters"), "\(name), \(variant.name)")
        }
        for (text, location) in sweep.expectations {
          let expectation = try Expectation(text, at: location)
          #expect(names.isSuperset(of: expectation.names), "\(name): \(text)")
        }
      }
    }
  }

  @Test(
    "every file begins with its schema, names a paper, and says how it is run, what is expected and what was measured")
  func heads() throws {
    for file in PaperFiles.all {
      let text = try String(contentsOfFile: "\(projectFolder)/\(file)", encoding: .utf8)
      let lines = text.split(separator: "\n").map(String.init)
      let head = lines.prefix { $0.hasPrefix("#") }.joined(separator: "\n")
      #expect(lines[0] == "# yaml-language-server: $schema=../../experiment.schema.json", "\(file)")
      for part in ["arXiv", "overtone run \(file)", "Expected", "Measured at this scale: "] {
        #expect(head.contains(part), "\(file): \(part)")
      }
    }
  }

  /// The last variant, which is as a rule the one furthest from the defaults.
  @Test("a variant of every file trains, samples and is evaluated at scale smoke")
  func runs() throws {
    let folder = NSTemporaryDirectory() + "overtone-papers-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let short = ["results=\(folder)", "training.steps=2", "training.batch=4", "evaluation.count=4"]
    for file in PaperFiles.all {
      let last = try #require(try PaperFiles.sweep(file, "smoke", short).variants.last)
      let only = last.name.isEmpty ? [] : ["--variant", last.name]
      var command = try Overtone.parseAsRoot(
        ["run", "--quiet", "\(projectFolder)/\(file)", "--scale", "smoke"] + only + short)
      #expect(throws: Never.self, "\(file), \(last.name)") { try command.run() }
    }
  }
}
