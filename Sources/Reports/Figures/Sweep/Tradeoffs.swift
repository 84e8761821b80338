import Autoregression
import Foundation
import Images
import Laboratory
import Networks
import Storage
import Tensors

/// Metrics against the numeric settings that vary and against the cost of generation.
enum Tradeoffs: SweepFigure {
  static let name = "tradeoffs"
  static let about =
    "Every metric against numeric settings that vary, and against turns, network evaluations and seconds per image."

  /// Maximum number of drawings.
  private static let most = 16

  static func panels(of records: [RunRecord]) throws -> [Panel] {
    let measured = records.filter { $0.currentResult != nil }
    let metrics = (measured.first?.currentResult?.measurements ?? []).map(\.name)
    guard measured.count > 1, !metrics.isEmpty else {
      throw Inapplicable("fewer than two runs have metrics")
    }
    var panels: [Panel] = []
    for axis in axes(of: measured) {
      for metric in metrics where panels.count < most {
        let series = lines(measured, axis, metric)
        guard series.contains(where: { !$0.points.isEmpty }) else { continue }
        let all = series.flatMap { $0.points.map(\.x) }
        let isWide = (all.min() ?? 0) > 0 && (all.max() ?? 1) / (all.min() ?? 1) >= 8
        panels.append(
          Panel(
            "\(name)-\(axis.key)-\(metric.map { $0.isLetter || $0.isNumber ? String($0) : "-" }.joined())",
            .plot(
              Plot("\(metric) against \(axis.title)", x: axis.title, y: metric, series, xScale: isWide ? .log : .linear)
            ),
            caption: "\(metric) against \(axis.title): the mean over seeds of every variant."))
      }
    }
    guard !panels.isEmpty else {
      throw Inapplicable("no numeric setting and no cost varies between these runs")
    }
    return panels
  }

  /// A quantity of the horizontal axis.
  private struct Axis {
    /// Its name in file names.
    let key: String
    let title: String
    /// Values by folder of the run.
    let values: [String: Double]
    /// The path of the setting; nil for a cost.
    let path: String?
  }

  /// Numeric settings that vary, then costs that vary.
  private static func axes(of records: [RunRecord]) -> [Axis] {
    var axes: [Axis] = []
    for path in varying(records) {
      let values = records.compactMap { record in
        record.settings[path].flatMap(Double.init).map { (record.folder, $0) }
      }
      guard values.count == records.count else { continue }
      axes.append(
        Axis(
          key: path.split(separator: ".").joined(separator: "-"), title: path,
          values: Dictionary(uniqueKeysWithValues: values), path: path))
    }
    var turns: [String: Double] = [:], evaluations: [String: Double] = [:], seconds: [String: Double] = [:]
    for record in records {
      if let cost = try? cost(of: record) {
        turns[record.folder] = Double(cost.turns)
        evaluations[record.folder] = Double(cost.evaluations)
      }
      let speed = try? MetricsLog("\(record.folder)/metrics.h5").series("eval", "sampling-images-per-second").last
      if let speed, speed.value > 0 { seconds[record.folder] = 1 / speed.value }
    }
    for (key, title, values) in [
      ("turns", "turns of a generation", turns),
      ("evaluations", "network evaluations per token", evaluations),
      ("seconds", "seconds per image", seconds),
    ] where Set(values.values).count > 1 && values.count > 1 {
      axes.append(Axis(key: key, title: title, values: values, path: nil))
    }
    return axes
  }

  /// Paths of settings that affect results and differ between runs.
  private static func varying(_ records: [RunRecord]) -> [String] {
    ResultSettings.differing(records.map { ResultSettings($0.settings) }, isWhole: true)
  }

  /// Turns of a generation and evaluations of the token loss' network, of one token over all turns.
  private static func cost(of record: RunRecord) throws -> (turns: Int, evaluations: Int) {
    let assembly = try record.assembly()
    var random = Random(seed: assembly.seed), past = Past(), turns = 0, evaluations = 0
    while let turn = assembly.direction.turn(after: past, batch: 1, &random) {
      turns += 1
      evaluations += assembly.model.loss.evaluations(at: turn.moment)
      past.last = turn
    }
    return (turns, evaluations)
  }

  /// For a setting, one curve for each combination of the other settings; for a cost, one point for each variant.
  private static func lines(_ records: [RunRecord], _ axis: Axis, _ metric: String) -> [Plot.Series] {
    let others = varying(records).filter { $0 != axis.path && axis.path != nil }
    let sides = Comparison.sides(of: records)
    func group(_ record: RunRecord) -> String {
      guard axis.path != nil else {
        return sides.first { $0.runs.contains { $0.folder == record.folder } }?.title ?? record.folder
      }
      return others.map { "\($0.split(separator: ".").last ?? "")=\(record.settings[$0] ?? "-")" }.joined(
        separator: ", ")
    }
    var names: [String] = []
    for record in records where !names.contains(group(record)) { names.append(group(record)) }
    return names.map { name in
      var values: [Double: [Double]] = [:], costs: [Double] = []
      for record in records where group(record) == name {
        guard let x = axis.values[record.folder],
          let y = record.currentResult?.measurements.first(where: { $0.name == metric })?.value
        else { continue }
        costs.append(x)
        values[x, default: []].append(y)
      }
      func mean(_ numbers: [Double]) -> Double { numbers.reduce(0, +) / Double(max(1, numbers.count)) }
      let points =
        axis.path == nil
        ? (costs.isEmpty ? [] : [(x: mean(costs), y: mean(values.values.flatMap { $0 }))])
        : values.keys.sorted().map { (x: $0, y: mean(values[$0] ?? [])) }
      return Plot.Series(name.count > 40 ? String(name.prefix(39)) + "~" : name, points, isJoined: axis.path != nil)
    }
  }
}
