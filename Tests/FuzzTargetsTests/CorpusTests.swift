import Foundation
import FuzzTargets
import Storage
import Testing

/// Folders of the repository, found from this file.
private let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .deletingLastPathComponent().path

private func files(below folder: String) -> [String] {
  let all = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
  return all.map { "\(folder)/\($0)" }.sorted()
}

@Suite struct CorpusTests {
  @Test(
    "every input that once trapped, and every sound one cut short or with a byte changed, is read or refused",
    arguments: FuzzTarget.all.filter { !$0.needsProcess }.map(\.name))
  func corpus(_ name: String) throws {
    let target = try #require(FuzzTarget.all.first { $0.name == name })
    var inputs = files(below: "\(root)/Tests/Fuzzing/Corpus/\(name)")
    for seed in target.seeds { inputs += files(below: "\(root)/\(seed.folder)").filter { $0.hasSuffix(seed.suffix) } }
    var count = 0
    for path in inputs {
      guard let data = FileManager.default.contents(atPath: path), !data.isEmpty else { continue }
      let bytes = [UInt8](data)
      target.read(bytes)
      // Offsets spread over the file, the same at every run.
      for step in 1...8 {
        let offset = bytes.count * step / 9
        target.read(Array(bytes[..<offset]))
        var changed = bytes
        changed[offset] ^= UInt8(1 << (step - 1))
        target.read(changed)
      }
      count += 1
    }
    #expect(count > 0)
  }
}
