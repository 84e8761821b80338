import Foundation
import Images
import Laboratory
import Networks

/// Validation losses and token errors against the size of the model and the operations of its training, with the power
/// law that fits best: VAR's figures of scaling laws (Tian et al. 2024, arXiv 2404.02905, figures 5 and 6).
enum Scaling: SweepFigure {
  static let name = "scaling"
  static let about = "Losses on held-out images against parameters and training operations, with power laws."

  static func panels(of records: [RunRecord]) throws -> [Panel] {
    let sizes = records.compactMap { record -> Size? in
      guard let result = record.currentResult, let assembly = try? record.assembly() else { return nil }
      let parameters = assembly.model.parameters.reduce(0) { $0 + $1.parameter.value.count }
      return Size(
        values: result.measurements.filter { $0.name.hasPrefix("validation-") }.map { ($0.name, $0.value) },
        billions: Double(parameters) / 1e9, operations: CostEstimate.trainingOperations(of: assembly) / 1e15)
    }
    let names = sizes.first?.values.map(\.name) ?? []
    guard Set(sizes.map(\.billions)).count > 1, !names.isEmpty else {
      throw Inapplicable("fewer than two sizes of model were measured on held-out images")
    }
    let axes = [
      Axis(key: "parameters", label: "N, parameters in billions", symbol: "N") { $0.billions },
      Axis(key: "operations", label: "C, 10^15 operations of training", symbol: "C") { $0.operations },
    ]
    return names.flatMap { name in axes.map { panel(of: name, sizes, against: $0) } }
  }

  /// A measure of the size of a run.
  private struct Axis {
    let key: String, label: String
    /// The letter in formulas.
    let symbol: String
    let value: (Size) -> Double
  }

  /// One run: what it measured, and its cost.
  private struct Size {
    let values: [(name: String, value: Double)]
    let billions: Double, operations: Double
  }

  private static func panel(of name: String, _ sizes: [Size], against axis: Axis) -> Panel {
    var groups: [Double: [Double]] = [:]
    for size in sizes { groups[axis.value(size), default: []] += size.values.filter { $0.name == name }.map(\.value) }
    let points = groups.keys.sorted().compactMap { x -> (x: Double, y: Double)? in
      guard let all = groups[x], !all.isEmpty else { return nil }
      return (x, all.reduce(0, +) / Double(all.count))
    }
    var series = [Plot.Series("measured", points, isJoined: false)]
    let law = PowerLaw(points.filter { $0.x > 0 && $0.y > 0 })
    if let law, let first = points.first?.x, let last = points.last?.x {
      series.append(Plot.Series(law.text(axis.symbol), [first, last].map { ($0, law($0)) }))
    }
    return Panel(
      "\(Self.name)-\(axis.key)-\(name)",
      .plot(Plot("\(name): \(axis.key)", x: axis.label, y: name, series, xScale: .log, yScale: .log)),
      caption: "\(name) at the end of training against \(axis.key): means over seeds"
        + (law.map {
          ", and the power law of least squares in logarithms, correlation \(NumberFormat.short($0.correlation))."
        }
          ?? "; a power law takes three sizes."))
  }
}

/// y = (scale x)^exponent, fitted by least squares of log y.
package struct PowerLaw {
  /// The derivative of log y by log x.
  package let exponent: Double
  /// The logarithm of y at x = 1.
  let offset: Double
  /// Pearson's correlation of the logarithms.
  package let correlation: Double

  /// Nil for fewer than three values of x, or where y is the same everywhere.
  package init?(_ points: [(x: Double, y: Double)]) {
    guard Set(points.map(\.x)).count > 2 else { return nil }
    let n = Double(points.count), xs = points.map { log($0.x) }, ys = points.map { log($0.y) }
    let meanX = xs.reduce(0, +) / n, meanY = ys.reduce(0, +) / n
    let xx = xs.reduce(0) { $0 + ($1 - meanX) * ($1 - meanX) }, yy = ys.reduce(0) { $0 + ($1 - meanY) * ($1 - meanY) }
    let xy = zip(xs, ys).reduce(0) { $0 + ($1.0 - meanX) * ($1.1 - meanY) }
    guard xx > 0, yy > 0, xy != 0 else { return nil }
    exponent = xy / xx
    offset = meanY - exponent * meanX
    correlation = xy / (xx * yy).squareRoot()
  }

  /// The value at x.
  package func callAsFunction(_ x: Double) -> Double { exp(offset + exponent * log(x)) }

  /// "(2 N)^-0.23", as VAR writes it; "1.3 N^-0.007" where the number in brackets says nothing.
  package func text(_ symbol: String) -> String {
    let power = NumberFormat.short(exponent), inner = exp(offset / exponent)
    guard (1e-3...1e6).contains(inner) else { return "\(NumberFormat.short(exp(offset))) \(symbol)^\(power)" }
    return "(\(NumberFormat.short(inner)) \(symbol))^\(power)"
  }
}
