import Foundation
import Images
import Settings
import Storage

/// Logs of a run besides its own files.
enum Logging: String, Setting, CaseIterable { case none, tensorboard }

/// Event files for TensorBoard in `<run>/tensorboard`, a folder for each stage and one for the result.
///
/// `metrics.h5` stays the source of truth: whenever a stage is resumed its event file is written anew from there, up to
/// the step that training resumes from, so that no step is there twice. Only wall times are read from the former file.
struct TensorBoard {
  /// `<run>/tensorboard/<stage>`.
  let folder: String
  /// The prefix of tags: "model" in "model/loss".
  let stage: String

  /// The event files of one stage of a run.
  init(run: String, stage: String) {
    folder = "\(run)/tensorboard/\(stage)"
    self.stage = stage
  }

  /// Returns true where a run has event files.
  static func isThere(in run: String) -> Bool { Folder.exists("\(run)/tensorboard") }

  /// Writes the events of a stage up to a step into a new file, to which more can be added.
  func events(of metrics: MetricsLog, to step: Int) throws -> EventFile {
    let former = files
    let times = former.map { EventFile.times(in: "\(folder)/\($0)") }.reduce(into: [:]) { $0.merge($1) { $1 } }
    let modified =
      (try? FileManager.default.attributesOfItem(atPath: metrics.path)[.modificationDate] as? Date) ?? Date()
    // As they are added one after another: of each step those of the validation first.
    var scalars: [Int: [[(name: String, value: Double)]]] = [:]
    for (kind, (group, prefix)) in [("validation", Validation.prefix), ("train", "")].enumerated() {
      for name in try metrics.names(in: group) {
        for point in try metrics.series(group, name) {
          // A step that is no whole number is not of this program.
          guard let at = Int(exactly: point.step), at <= step else { continue }
          scalars[at, default: [[], []]][kind].append((prefix + name, point.value))
        }
      }
    }
    return try replace(
      former,
      with: scalars.sorted { $0.key < $1.key }.flatMap { step, kinds in
        kinds.filter { !$0.isEmpty }.map {
          EventFile.Event(time: times[step] ?? modified.timeIntervalSince1970, step: step, content($0))
        }
      })
  }

  /// Appends the scalars of one step.
  func add(_ values: [(name: String, value: Double)], step: Int, to file: EventFile) throws {
    try file.append([
      EventFile.Event(time: Self.now, step: step, content(values))
    ])
  }

  /// Writes scalars and PNG files at one step, in place of the former events. Files that do not exist are left out.
  func show(_ values: [(name: String, value: Double)], images: [String], step: Int) throws {
    let shown = try images.filter(Folder.exists).map { path in
      let image = try ByteImage.read(path), name = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
      return EventFile.Content.image(
        tag: "samples/\(name)", height: image.height, width: image.width,
        png: FileManager.default.contents(atPath: path).map(Array.init) ?? [])
    }
    let contents = (values.isEmpty ? [] : [content(values)]) + shown
    _ = try replace(files, with: contents.map { EventFile.Event(time: Self.now, step: step, $0) })
  }

  /// Returns scalars with their tags, "model/loss", in the order of names: that of a file which is written anew.
  private func content(_ values: [(name: String, value: Double)]) -> EventFile.Content {
    .scalars(values.sorted { $0.name < $1.name }.map { ("\(stage)/\($0.name)", $0.value) })
  }

  private static var now: Double { Date().timeIntervalSince1970 }

  /// Names of the event files in the folder, in their order.
  private var files: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter { $0.hasPrefix(Self.prefix) }.sorted()
  }

  /// The beginning of names that TensorBoard reads.
  private static let prefix = "events.out.tfevents."

  /// Writes a file whose name sorts after the former ones, then removes those: TensorBoard reads files in that order.
  private func replace(_ former: [String], with events: [EventFile.Event]) throws -> EventFile {
    try Folder.make(folder)
    let last = former.compactMap { Int($0.dropFirst(Self.prefix.count).prefix(10)) }.max() ?? 0
    let file = try EventFile(
      "\(folder)/\(Self.prefix)\(max(Int(Self.now), last + 1)).overtone", events, startedAt: Self.now)
    for name in former { try? FileManager.default.removeItem(atPath: "\(folder)/\(name)") }
    return file
  }
}
