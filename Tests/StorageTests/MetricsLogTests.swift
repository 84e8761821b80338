import Foundation
import Storage
import Testing

@Suite final class MetricsLogTests {
  private let folder = Scratch()
  private var log: MetricsLog { MetricsLog("\(folder.path)/metrics.h5") }
  private var journal: String { "\(folder.path)/metrics.journal" }

  private func bytes(_ path: String) -> Data { FileManager.default.contents(atPath: path) ?? Data() }
  private func steps(_ group: String, _ name: String) throws -> [Double] { try log.series(group, name).map(\.step) }

  @Test("an entry of the same step takes the place of the first one, saved or not")
  func once() throws {
    for isSaved in [false, true] {
      try log.append("eval", step: 0, [("speed", 1)])
      if isSaved { try log.save() }
      try log.append("eval", step: 0, [("speed", 2)])
      #expect(try log.series("eval", "speed").map(\.value) == [2])
    }
    for step in [10, 20, 10, 20, 30] { try log.append("train", step: step, [("loss", Double(step))]) }
    #expect(try steps("train", "loss") == [10, 20, 30])
  }

  @Test("the file that others open holds everything up to the last save, and this program sees the rest as well")
  func newest() throws {
    try log.append("train", step: 10, [("loss", 0.5), ("rate", 2)])
    try log.save()
    #expect(!FileManager.default.fileExists(atPath: journal))
    try log.append("train", step: 20, [("loss", 0.25), ("psnr", .nan)])
    #expect(try Reader(log.path).doubles("train/loss") == [0.5])
    #expect(try steps("train", "loss") == [10, 20] && log.names(in: "train") == ["loss", "rate", "psnr"])
    #expect(try log.series("train", "psnr").first?.value.isNaN == true)
    try log.save()
    #expect(try Reader(log.path).doubles("train/loss") == [0.5, 0.25])
  }

  @Test("the file has the same bytes, however often it was saved, rewound or cut off on the way")
  func bytes() throws {
    var files: [Data] = []
    for story in 0..<4 {
      let scratch = Scratch(), log = MetricsLog("\(scratch.path)/metrics.h5")
      func train(_ steps: ClosedRange<Int>) throws {
        for step in steps where step % 10 == 0 {
          try log.append("train", step: step, [("loss", 1 / Double(step)), ("images-per-second", Double(step))])
          if story == 1, step % 3000 == 0 { try log.save() }
        }
      }
      try train(1...9000)
      if story == 2 {
        try log.rewind("train", to: 4000)
        try train(4001...9000)
      }
      if story == 3 {
        try log.save()
        try train(9001...9990)
        try log.rewind("train", to: 9000)
        try log.rewind("train", to: 9000)
      }
      try train(9001...12_000)
      try log.save()
      files.append(bytes(log.path))
    }
    #expect(files[0].count > 30_000 && files.allSatisfy { $0 == files[0] })
  }

  @Test("a journal that a crash left is read again without harm: after the file was renamed, or cut anywhere")
  func crashes() throws {
    try log.append("train", step: 5, [("loss", 5)])
    for step in [10, 20] { try log.append("train", step: step, [("loss", Double(step) / 3), ("a % b\t\n", -0.0)]) }
    let lines = bytes(journal)
    try log.save()
    let whole = bytes(log.path)
    // Killed between the renaming and the removal of the journal.
    try lines.write(to: URL(fileURLWithPath: journal))
    try log.save()
    #expect(bytes(log.path) == whole && bytes(journal).isEmpty)
    for count in Array(stride(from: 0, to: lines.count, by: 5)) + [lines.count - 1, lines.count] {
      try? FileManager.default.removeItem(atPath: log.path)
      try lines.prefix(count).write(to: URL(fileURLWithPath: journal))
      try log.append("train", step: 30, [("loss", 1)])
      try log.save()
      let found = try steps("train", "loss")
      #expect([[30], [10, 30], [10, 20, 30]].contains(found), "\(count): \(found)")
      // A line is whole without its end, too.
      #expect(
        found.count == 1
          + (lines.prefix(count) + [10]).split(separator: 10).filter { lines.split(separator: 10).contains($0) }.count)
    }
    #expect(try log.names(in: "train").contains("loss"))
  }

  @Test("numbers survive the journal bit by bit")
  func bits() throws {
    let numbers = [0.1, -0.0, .infinity, -.infinity, .leastNonzeroMagnitude, .greatestFiniteMagnitude, 1 / 3, 1e15]
    for (step, number) in numbers.enumerated() { try log.append("train", step: step, [("x", number)]) }
    #expect(try log.series("train", "x").map(\.value.bitPattern) == numbers.map(\.bitPattern))
  }

  @Test("a file of an earlier version, filled entry by entry, is read and goes on")
  func earlier() throws {
    for step in [1, 2, 3] { try log.append("train", step: step, [("loss", Double(step))]) }
    try log.save()
    // An earlier version left a step without its number when it was killed between the two.
    try log.append("train", step: 4, [("loss", 4)])
    try log.rewind("train", to: 2)
    #expect(try steps("train", "loss") == [1, 2])
    #expect(try Reader(log.path).axes(of: "train/loss") == ["loss_step"])
  }
}
