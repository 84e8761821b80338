import Settings
import Tensors

#if canImport(Glibc)
  import Glibc
#endif

/// A number that may vary along a generation (or a list of levels): data, not code.
///
/// In a file: `temperature: 0.9`, `{ from: 1, to: 3 }` or `{ list: [1, 2, 3] }`; the shape is linear where two numbers
/// stand. `over` says what is followed: the direction's own `progress` (default), `step` = k / K,
/// `next-step` = (k + 1) / K, `last-step` = k / (K - 1), at step k = 0, 1, ... of K.
///
/// The papers' guidance w in these words:
/// - MAR, 1 + (w - 1) * share of tokens decided: `{ from: 1, to: w }`, where the direction's progress is that share.
/// - FAR, 1 + (w - 1) k / K: `{ from: 1, to: w, over: step }`.
/// - VAR, (1 + t) c - t u with t = cfg k / (K - 1): `{ from: 1, to: 1 + cfg, over: last-step }`.
/// - RAR, 1 + (w - 1) (1 - cos(pi (k / K)^p)) / 2: `{ shape: power-cosine, from: 1, to: w, power: p, over: step }`.
public struct Schedule: Equatable, Sendable {
  public enum Shape: String, Setting, CaseIterable, Sendable {
    case constant, linear, cosine
    /// (1 - cos(pi x^power)) / 2 (Yu et al. 2024, arXiv 2411.00776).
    case powerCosine = "power-cosine"
    case list
  }
  public enum Follows: String, Setting, CaseIterable, Sendable {
    case progress, step
    case nextStep = "next-step"
    case lastStep = "last-step"
  }
  public var shape: Shape
  public var from: Float
  public var to: Float
  public var power: Float
  public var list: [Float]
  public var over: Follows

  public init(
    _ shape: Shape, from: Float, to: Float, power: Float = 1, list: [Float] = [], over: Follows = .progress
  ) {
    self.shape = shape
    self.from = from
    self.to = to
    self.power = power
    self.list = list
    self.over = over
  }

  public static func constant(_ value: Float) -> Schedule { Schedule(.constant, from: value, to: value) }

  /// The numbers between which all others lie, or all there are.
  public var values: [Float] {
    switch shape {
    case .list: list
    case .constant: [from]
    case .linear, .cosine, .powerCosine: [from, to]
    }
  }

  /// Whether it is the same number at every moment.
  public func isAlways(_ number: Float) -> Bool { values.allSatisfy { $0 == number } }

  /// The number at a moment. `cosine` runs as 1 - cos(pi x / 2).
  public func callAsFunction(_ moment: Moment) -> Float {
    let steps = Float(max(1, moment.steps)), step = Float(moment.step)
    let x: Float =
      switch over {
      case .progress: moment.progress
      case .step: step / steps
      case .nextStep: (step + 1) / steps
      case .lastStep: step / max(1, steps - 1)
      }
    let share: Float =
      switch shape {
      case .constant: 0
      case .linear: x
      case .cosine: 1 - cosf(.pi / 2 * x)
      case .powerCosine: (1 - cosf(.pi * powf(x, power))) / 2
      case .list: 0
      }
    if shape == .list { return list[min(list.count - 1, moment.step)] }
    return from + (to - from) * share
  }

  /// Reads one from settings; a plain number is a constant.
  public init(_ settings: inout Settings, _ key: String, default fallback: Schedule, about: String)
    throws(SettingsError)
  {
    guard settings.isMapping(key) else {
      if !settings.has(key) && fallback.shape != .constant {
        var section = try settings.section(key, about: about)
        try self.init(section: &section, default: fallback)
        return
      }
      self = .constant(try settings[key, default: fallback.from, about: about])
      return
    }
    var section = try settings.section(key, about: about)
    try self.init(section: &section, default: fallback)
  }

  private init(section: inout Settings, default fallback: Schedule) throws(SettingsError) {
    let other: Shape =
      section.has("list") ? .list : section.has("to") && fallback.shape == .constant ? .linear : fallback.shape
    shape = try section["shape", default: other, about: "how the number runs"]
    list = []
    (from, to, power, over) = (fallback.from, fallback.to, fallback.power, fallback.over)
    if shape == .list {
      list = try section[required: "list", about: "one number per step; the last one stays"]
      guard !list.isEmpty else { throw section.refusal("'list' needs at least one number.", at: "list") }
      return
    }
    from = try section["from", default: fallback.from, about: "the number at the start"]
    guard shape != .constant else {
      (to, power, over) = (from, 1, .progress)
      return
    }
    to = try section["to", default: fallback.to, about: "the number at the end"]
    if shape == .powerCosine {
      power = try section["power", default: 1, in: 0.01...100, about: "the exponent"]
    }
    over = try section["over", default: fallback.over, about: "what the schedule follows"]
  }
}
