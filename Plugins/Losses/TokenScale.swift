import Autoregression
import Glibc
import Networks
import Settings
import Tensors

/// The standard deviation of the tokens of each level. Losses on values normalize tokens by it, so that levels of small
/// variance weigh as much as levels of large variance.
struct TokenScale: Module {
  /// Tokens with a common standard deviation.
  enum Choice: String, Setting, CaseIterable {
    case none
    case perLevel = "per-level"
  }

  /// [levels]: standard deviation over all channels of the tokens of a level, 1 before it is measured; nil: tokens are
  /// not normalized.
  let deviations: Statistic?

  init(_ settings: inout Settings, levels: Int) throws(SettingsError) {
    try settings.renamed("spread", to: "token-scale")
    let choice: Choice = try settings[
      "token-scale", default: .perLevel,
      about: "divide tokens by the standard deviation of the tokens of their level; 'none' leaves them"]
    deviations =
      choice == .none
      ? nil
      : Statistic(
        Tensor(repeating: 1, shape: [levels]),
        scaling: .init(of: "standard deviations of tokens", key: "token-scale", remedy: "'none'"))
  }

  /// Measures the deviations of tokens [batch, rows, width] by their levels [batch][rows]. A level without tokens gets
  /// the deviation of all.
  func measure(_ tokens: Tensor, levels: Indices) {
    guard let deviations else { return }
    let count = deviations.value.count, width = tokens.shape[2], levelOfRow = levels.flatMap { $0 }
    precondition(levelOfRow.count * width == tokens.count, "\(levelOfRow.count) levels for tokens \(tokens.shape)")
    // Counts, sums and sums of squares by level; the last entry is that of all levels.
    var numbers = [Double](repeating: 0, count: count + 1), sums = numbers, squares = numbers
    tokens.withUnsafeScalars { scalars in
      for (row, level) in levelOfRow.enumerated() {
        for x in scalars[row * width..<(row + 1) * width] {
          for entry in [level, count] {
            numbers[entry] += 1
            sums[entry] += Double(x)
            squares[entry] += Double(x) * Double(x)
          }
        }
      }
    }
    func deviation(_ entry: Int) -> Float? {
      guard numbers[entry] > 0 else { return nil }
      let mean = sums[entry] / numbers[entry], variance = squares[entry] / numbers[entry] - mean * mean
      // Tokens without variance stay as they are.
      return variance > 1e-10 * max(1, mean * mean) ? Float(variance.squareRoot()) : 1
    }
    deviations.replace(Tensor([count], (0..<count).map { deviation($0) ?? deviation(count) ?? 1 }))
  }

  /// The deviation of each token: [batch, rows, 1].
  func callAsFunction(_ levels: Indices) -> Tensor {
    let values = deviations?.value.scalars
    return Tensor([levels.count, levels.first?.count ?? 0, 1], levels.flatMap { $0.map { values?[$0] ?? 1 } })
  }

  /// Tokens [batch, rows, width] divided by their deviations.
  func normalize(_ tokens: Tensor, levels: Indices) -> Tensor { deviations == nil ? tokens : tokens / self(levels) }

  /// Tokens [batch, rows, width] multiplied by their deviations: the inverse of `normalize`.
  func denormalize(_ tokens: Tensor, levels: Indices) -> Tensor { deviations == nil ? tokens : tokens * self(levels) }
}
