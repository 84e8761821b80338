import Glibc
import Settings

/// What share of the tokens is still unknown after a share of the turns: from 1 down to 0
/// (Chang et al. 2022, MaskGIT, arXiv 2202.04200, section 3.4; `arccos` as in 1d-tokenizer).
enum MaskSchedule: String, Setting, CaseIterable {
  case cosine, linear, square, cubic, sqrt, arccos, log, exp

  /// `count` is how many tokens there are.
  func unknown(after share: Double, of count: Int) -> Double {
    let bits = log2(Double(max(2, count)))
    let unknown =
      switch self {
      case .cosine: cos(.pi / 2 * share)
      case .linear: 1 - share
      case .square: 1 - share * share
      case .cubic: 1 - share * share * share
      case .sqrt: 1 - share.squareRoot()
      case .arccos: acos(share) * 2 / .pi
      case .log: -log2(share) / bits
      case .exp: 1 - exp2(-bits * (1 - share))
      }
    return min(1, max(0, unknown))
  }

  /// How many of `count` tokens are unknown after each of `steps` turns, of which every one makes some known.
  ///
  /// floor(count x share), but less than before and no less than there are turns to come: MAR's
  /// max(1, min(left - 1, floor(N cos))) wherever that leaves something for every turn, as it does for `steps` <= N.
  func left(of count: Int, steps: Int) -> [Int] {
    var left = count
    return (1...max(1, steps)).map { step in
      // A whole number must not be missed by a rounding error.
      let share = unknown(after: Double(step) / Double(steps), of: count)
      let planned = Int((Double(count) * share + 1e-9).rounded(.down))
      left = step == steps ? 0 : max(steps - step, min(left - 1, planned))
      return left
    }
  }
}

/// How many turns: a number, or one for every token.
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
