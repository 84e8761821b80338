import Autoregression
import Foundation
import Laboratory
import Networks
import OvertoneCLI
import ProgramSupport
import Settings
import Testing

/// Variants of the papers' experiments.
@Suite struct PapersVariationTests {
  @Test("the variants of every file differ at each scale in what its `varies` lists, and in all of that at some scale")
  func variation() throws {
    for file in PaperFiles.all {
      var listed: Set<String> = [], varied: [String] = []
      for scale in PaperFiles.scales {
        let sweep = try PaperFiles.sweep(file, scale)
        let runs = try ExperimentRuns(sweep, experiment: "papers", registry: Registry.linked())
        if Set(sweep.names).count > 1 { #expect(sweep.varies != nil, "\(file), \(scale): no 'varies'") }
        #expect(throws: Never.self, "\(file), \(scale)") { try runs.checkExpectations() }
        listed.formUnion(sweep.varies?.paths ?? [])
        varied += runs.variation
      }
      for path in listed {
        #expect(varied.contains { ExperimentRuns.lists([path], $0) }, "\(file): '\(path)' is the same in all variants")
      }
    }
  }
}
