import Autoregression
import Tensors

/// Means over the held-out images of a validation, part by part.
struct ValidationSums {
  /// A sum with the weight of its terms.
  private struct Mean {
    var sum = 0.0, weight = 0.0

    mutating func add(_ value: Double, weight other: Double = 1) {
      sum += value * other
      weight += other
    }

    var value: Double { sum / max(1, weight) }
  }
  /// Means over images, in the order of the first part.
  private var whole: [(name: String, mean: Mean)] = []
  /// Means over tokens: by quantity and level, and of the first quantity by tenth of the mask ratio, and by noise.
  private var byLevel: [String: [Int: Mean]] = [:]
  private var byMaskRatio: [Int: Mean] = [:]
  private var byNoise: [Float: Mean] = [:]

  /// Adds means over the samples of a part.
  mutating func add(_ values: [(name: String, value: Float)], samples: Int) {
    for (name, value) in values { add(name, Double(value), samples: samples) }
  }

  /// Adds the tokens of a part, and their loss at a fraction of noise.
  mutating func add(_ measures: TokenMeasures, noise: Float) {
    let samples = measures.levels.count, width = measures.levels.first?.count ?? 0
    for (index, quantity) in measures.quantities.enumerated() {
      // The training's loss is weighted, and all that is said of single tokens is not.
      let weighted = index == 0 ? measures.weights.map { quantity.values * $0 } ?? quantity.values : quantity.values
      add(quantity.name, Double(weighted.mean.scalar), samples: samples)
      let scalars = quantity.values.scalars
      for sample in 0..<samples {
        let tenth = min(9, Int(measures.maskRatios[sample] * 10 + 1e-6))
        for (token, level) in measures.levels[sample].enumerated() {
          let value = Double(scalars[sample * width + token])
          byLevel[quantity.name, default: [:]][level, default: Mean()].add(value)
          if index == 0 { byMaskRatio[tenth, default: Mean()].add(value) }
        }
      }
    }
    if let loss = measures.lossAtNoise {
      byNoise[noise, default: Mean()].add(Double(loss.mean.scalar), weight: Double(samples))
    }
  }

  private mutating func add(_ name: String, _ value: Double, samples: Int) {
    let index = whole.firstIndex { $0.name == name } ?? whole.count
    if index == whole.count { whole.append((name, Mean())) }
    whole[index].mean.add(value, weight: Double(samples))
  }

  /// The means by name: "loss", "token-error"; of several levels "loss last level" and "loss level 3"; of several mask
  /// ratios "loss mask 0.7", from 0.7 up to 0.8; "loss t 0.1" at a fraction of noise.
  var values: [(name: String, value: Double)] {
    var values = whole.map { (name: $0.name, value: $0.mean.value) }
    let names = whole.map(\.name).filter { (byLevel[$0]?.count ?? 0) > 1 }
    for name in names {
      guard let levels = byLevel[name], let last = levels.keys.max(), let mean = levels[last] else { continue }
      values.append(("\(name) \(Self.lastLevel)", mean.value))
    }
    for name in names {
      for (level, mean) in (byLevel[name] ?? [:]).sorted(by: { $0.key < $1.key }) {
        values.append(("\(name) level \(level)", mean.value))
      }
    }
    guard let first = whole.first?.name else { return values }
    if byMaskRatio.count > 1 {
      for (tenth, mean) in byMaskRatio.sorted(by: { $0.key < $1.key }) {
        values.append(("\(first) mask 0.\(tenth)", mean.value))
      }
    }
    for (noise, mean) in byNoise.sorted(by: { $0.key < $1.key }) { values.append(("\(first) t \(noise)", mean.value)) }
    return values
  }

  /// The end of the names of quantities of the last level.
  static let lastLevel = "last level"
}
