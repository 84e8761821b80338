import Foundation
import Images
import Settings
import Storage

/// Where numbers of a run go beside its own files.
enum Logging: String, Setting, CaseIterable { case none, tensorboard }

/// What TensorBoard shows of a run: files of events in `<run>/tensorboard`, a folder for each stage and one for the result.
///
/// `metrics.h5` stays the source of truth: whenever a stage is taken up its file is made anew from there, up to the step
/// that training goes on from, so that no step is there twice. Only the times of day come from the file before.
struct TensorBoard {
  let folder: String
  /// What tags begin with: "model" in "model/loss".
  let stage: String

  init(run: String, stage: String) {
    folder = "\(run)/tensorboard/\(stage)"
    self.stage = stage
  }

  static func isThere(in run: String) -> Bool { Folder.exists("\(run)/tensorboard") }

  /// The events of a stage up to a step, in a file of its own to which more can be added.
  func events(of metrics: MetricsLog, to step: Int) throws -> EventFile {
    let before = files,
      known = before.map { EventFile.times(in: "\(folder)/\($0)") }.reduce(into: [:]) {
        $0.merge($1) { $1 }
      }
    let noted = (try? FileManager.default.attributesOfItem(atPath: metrics.path)[.modificationDate] as? Date) ?? Date()
    var scalars: [Int: [(tag: String, value: Double)]] = [:]
    for name in try metrics.names(in: "train") {
      for point in try metrics.series("train", name) where Int(point.step) <= step {
        scalars[Int(point.step), default: []].append((tag(name), point.value))
      }
    }
    return try replace(
      before,
      with: scalars.sorted { $0.key < $1.key }.map { step, scalars in
        EventFile.Event(time: known[step] ?? noted.timeIntervalSince1970, step: step, .scalars(scalars))
      })
  }

  func add(_ values: [(name: String, value: Double)], step: Int, to file: EventFile) throws {
    try file.append([
      EventFile.Event(time: Self.now, step: step, .scalars(values.map { (tag($0.name), $0.value) }))
    ])
  }

  /// Numbers and images at one step, in place of what was there.
  func show(_ values: [(name: String, value: Double)], images: [String], step: Int) throws {
    let shown = try images.filter(Folder.exists).map { path in
      let image = try ByteImage.read(path), name = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
      return EventFile.Content.image(
        tag: "samples/\(name)", height: image.height, width: image.width,
        png: FileManager.default.contents(atPath: path).map(Array.init) ?? [])
    }
    let contents = (values.isEmpty ? [] : [.scalars(values.map { (tag($0.name), $0.value) })]) + shown
    _ = try replace(files, with: contents.map { EventFile.Event(time: Self.now, step: step, $0) })
  }

  private func tag(_ name: String) -> String { "\(stage)/\(name)" }

  private static var now: Double { Date().timeIntervalSince1970 }

  private var files: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter { $0.hasPrefix(Self.prefix) }.sorted()
  }

  private static let prefix = "events.out.tfevents."

  /// A file whose name comes after those before it, which then go: TensorBoard reads files in the order of their names.
  private func replace(_ before: [String], with events: [EventFile.Event]) throws -> EventFile {
    try Folder.make(folder)
    let last = before.compactMap { Int($0.dropFirst(Self.prefix.count).prefix(10)) }.max() ?? 0
    let file = try EventFile(
      "\(folder)/\(Self.prefix)\(max(Int(Self.now), last + 1)).overtone", events, startedAt: Self.now)
    for name in before { try? FileManager.default.removeItem(atPath: "\(folder)/\(name)") }
    return file
  }
}
