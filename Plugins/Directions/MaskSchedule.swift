import Glibc
import Settings

/// The mask ratio as a function of the fraction of turns done, from 1 down to 0
/// (Chang et al. 2022, MaskGIT, arXiv 2202.04200, section 3.4; `arccos` as in 1d-tokenizer).
enum MaskSchedule: String, Setting, CaseIterable {
  case cosine, linear, square, cubic, sqrt, arccos, log, exp

  /// Returns the mask ratio after a fraction of the turns, for `count` tokens.
  func maskRatio(after fraction: Double, of count: Int) -> Double {
    let bits = log2(Double(max(2, count)))
    let ratio =
      switch self {
      case .cosine: cos(.pi / 2 * fraction)
      case .linear: 1 - fraction
      case .square: 1 - fraction * fraction
      case .cubic: 1 - fraction * fraction * fraction
      case .sqrt: 1 - fraction.squareRoot()
      case .arccos: acos(fraction) * 2 / .pi
      case .log: -log2(fraction) / bits
      case .exp: 1 - exp2(-bits * (1 - fraction))
      }
    return min(1, max(0, ratio))
  }

  /// Returns the number of `count` tokens that are masked after each of `steps` turns; every turn reveals at least one.
  ///
  /// floor(count x ratio), but less than before and no less than there are turns to come: MAR's
  /// max(1, min(left - 1, floor(N cos))) wherever that leaves something for every turn, as it does for `steps` <= N.
  func left(of count: Int, steps: Int) -> [Int] {
    var left = count
    return (1...max(1, steps)).map { step in
      // A whole number must not be missed by a rounding error.
      let ratio = maskRatio(after: Double(step) / Double(steps), of: count)
      let planned = Int((Double(count) * ratio + 1e-9).rounded(.down))
      left = step == steps ? 0 : max(steps - step, min(left - 1, planned))
      return left
    }
  }
}

/// The number of turns: a number, or one for each token.
enum TurnCount: Setting {
  case all
  case number(Int)

  static let kind = "a whole number or 'all'"
  static let form = Form.either([.whole, .choice(["all"])])

  init?(_ value: SettingValue) {
    if value.text == "all" {
      self = .all
    } else if let number = Int(value) {
      self = .number(number)
    } else {
      return nil
    }
  }

  var yaml: String {
    switch self {
    case .all: "all"
    case .number(let number): number.yaml
    }
  }
}
