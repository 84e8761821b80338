import Foundation
import ProgramSupport
import Storage
import Testing

@Suite struct SameBytesTests {
  @Test("two people with the same files get the same bytes: samples, checkpoints, images, and metrics but for speeds")
  func same() throws {
    let file = try String(contentsOfFile: "\(projectFolder)/Experiments/smoke/sweep.yaml", encoding: .utf8)
    let people = [Scratch(), Scratch()]
    for (person, threads) in zip(people, ["1", "2"]) {
      try person.write(file, "own/sweep.yaml")
      let ending = try program(
        ["run", "--quiet", "own/sweep.yaml", "--variant", "full,filter=ideal/1", "--threads", threads], in: person.path)
      #expect(ending.status == 0, "\(ending.errors)")
    }
    #expect(people[0].content == people[1].content)
    let ends = [".png", "/experiment.yaml", "/results.json", "/inputs.json", "/STATUS", "samples.h5", "checkpoint.h5"]
    let exact = people[0].content.filter { path in ends.contains { path.hasSuffix($0) } }
    #expect(exact.count >= 9)
    for path in exact {
      #expect(
        FileManager.default.contentsEqual(atPath: "\(people[0].path)/\(path)", andPath: "\(people[1].path)/\(path)"),
        "\(path)")
    }
    let logs = people[0].content.filter { $0.hasSuffix("metrics.h5") }
    #expect(logs.count == 2)
    for path in logs {
      let pair = people.map { MetricsLog("\($0.path)/\(path)") }
      for group in ["train", "eval"] {
        let names = try pair[0].names(in: group)
        #expect(try pair[1].names(in: group) == names)
        for name in names where !name.contains("images-per-second") {
          let series = try pair.map { try $0.series(group, name).map { [$0.step, $0.value] } }
          #expect(series[0] == series[1] && !series[0].isEmpty, "\(path): \(group)/\(name)")
        }
      }
    }
  }
}
