import Foundation
import Storage
import Testing

@Suite struct LatentFileTests {
  private static let form = LatentFile.Form(.gaussians, count: 5, shape: [2, 3, 4], isMirroredToo: true)

  /// Row `index` of a file whose numbers say where they lie.
  private func rows(_ range: Range<Int>, from start: Float) -> LatentFile.Rows {
    let numbers = range.flatMap { row in (0..<24).map { start + Float(row * 24 + $0) } }
    return .numbers(mean: numbers, logVariance: numbers.map { -$0 })
  }

  private func append(_ range: Range<Int>, to making: LatentFile.Making) throws {
    try making.append([rows(range, from: 0), rows(range, from: 1000)], labels: Array(range))
  }

  @Test("rows come back by number and orientation, whole or some at a time")
  func reading() throws {
    let folder = Scratch(), path = folder.path + "/latents.h5", making = try LatentFile.Making(path, Self.form)
    try append(0..<3, to: making)
    try append(3..<5, to: making)
    try making.finish()
    let file = try LatentFile(path)
    #expect(file.form == Self.form && file.labels == [0, 1, 2, 3, 4])
    guard case .numbers(let mean, let logVariance) = try file.rows(2..<4, view: 1) else {
      Issue.record("these are numbers")
      return
    }
    #expect(mean == (48..<96).map { 1000 + Float($0) } && logVariance == mean.map { -$0 })
  }

  @Test(
    """
    what was stopped goes on where it was, nothing has the final name before it is whole, and the bytes are those of \
    one go
    """
  )
  func resuming() throws {
    let folder = Scratch(), once = folder.path + "/once.h5", twice = folder.path + "/twice.h5"
    let whole = try LatentFile.Making(once, Self.form)
    try append(0..<3, to: whole)
    try append(3..<5, to: whole)
    try whole.finish()
    do {
      let first = try LatentFile.Making(twice, Self.form)
      try append(0..<3, to: first)
    }
    #expect(!FileManager.default.fileExists(atPath: twice))
    let second = try LatentFile.Making(twice, Self.form)
    #expect(second.done == 3)
    try append(3..<5, to: second)
    try second.finish()
    #expect(
      try Data(contentsOf: URL(fileURLWithPath: once)) == Data(contentsOf: URL(fileURLWithPath: twice)))
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["once.h5", "twice.h5"])
  }

  @Test("what was begun in another form, or is damaged, is begun again")
  func other() throws {
    let folder = Scratch(), path = folder.path + "/latents.h5"
    do {
      let first = try LatentFile.Making(path, Self.form)
      try append(0..<3, to: first)
    }
    var codes = Self.form
    (codes.content, codes.isMirroredToo) = (.codes, false)
    do { #expect(try LatentFile.Making(path, codes).done == 0) }
    try Data("not HDF5".utf8).write(to: URL(fileURLWithPath: path + ".part"))
    let making = try LatentFile.Making(path, codes)
    #expect(making.done == 0)
    try making.append([.codes((0..<30).map { Int32($0) })], labels: [0, 1, 2, 3, 4])
    try making.finish()
    let file = try LatentFile(path)
    guard case .codes(let back) = try file.rows(4..<5, view: 0) else {
      Issue.record("these are codes")
      return
    }
    #expect(back == [24, 25, 26, 27, 28, 29] && file.form == codes)
  }
}
