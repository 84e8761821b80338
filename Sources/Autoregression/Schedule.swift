import Settings
import Tensors

#if canImport(Glibc)
  import Glibc
#endif

/// A number that may vary over a generation (or a list of levels), as data.
///
/// In a file: `temperature: 0.9`, `{ from: 1, to: 3 }` or `{ list: [1, 2, 3] }`; the shape is linear where two numbers
/// stand. `over` says what its argument is: the direction's own `progress` (default), `step` = k / K,
/// `next-step` = (k + 1) / K, `last-step` = k / (K - 1), at step k = 0, 1, ... of K.
///
/// The papers' guidance w in these words:
/// - MAR, 1 + (w - 1) * fraction of tokens decided: `{ from: 1, to: w }`, where the direction's progress is that
/// fraction.
/// - FAR, 1 + (w - 1) k / K: `{ from: 1, to: w, over: step }`.
/// - VAR, (1 + t) c - t u with t = cfg k / (K - 1): `{ from: 1, to: 1 + cfg, over: last-step }`.
/// - RAR, 1 + (w - 1) (1 - cos(pi (k / K)^p)) / 2: `{ shape: power-cosine, from: 1, to: w, power: p, over: step }`.
public struct Schedule: Equatable, Sendable {
  /// The function of x in [0, 1] between the first and the last number.
  public enum Shape: String, Setting, CaseIterable, Sendable {
    /// One number; a straight line; 1 - cos(pi x / 2).
    case constant, linear, cosine
    /// (1 - cos(pi x^power)) / 2 (Yu et al. 2024, arXiv 2411.00776).
    case powerCosine = "power-cosine"
    /// One number for each step; the last holds for all later steps.
    case list
  }
  /// The argument x of the schedule.
  public enum Follows: String, Setting, CaseIterable, Sendable {
    /// The progress of the direction; k / K at step k of K.
    case progress, step
    /// (k + 1) / K.
    case nextStep = "next-step"
    /// k / (K - 1).
    case lastStep = "last-step"
  }
  /// The function.
  public var shape: Shape
  /// The number at x = 0.
  public var from: Float
  /// The number at x = 1.
  public var to: Float
  /// The exponent of `powerCosine`.
  public var power: Float
  /// One number for each step, where the shape is `list`.
  public var list: [Float]
  /// The argument.
  public var over: Follows

  /// A schedule over the progress of the direction unless arguments say otherwise.
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

  /// One number at all moments.
  public static func constant(_ value: Float) -> Schedule { Schedule(.constant, from: value, to: value) }

  /// The first and last numbers, between which all others lie, or the whole list.
  public var values: [Float] {
    switch shape {
    case .list: list
    case .constant: [from]
    case .linear, .cosine, .powerCosine: [from, to]
    }
  }

  /// True if the schedule is this number at every moment.
  public func isAlways(_ number: Float) -> Bool { values.allSatisfy { $0 == number } }

  /// Returns the number at a moment. `cosine` is 1 - cos(pi x / 2).
  public func callAsFunction(_ moment: Moment) -> Float {
    let steps = Float(max(1, moment.steps)), step = Float(moment.step)
    let x: Float =
      switch over {
      case .progress: moment.progress
      case .step: step / steps
      case .nextStep: (step + 1) / steps
      case .lastStep: step / max(1, steps - 1)
      }
    let fraction: Float =
      switch shape {
      case .constant: 0
      case .linear: x
      case .cosine: 1 - cosf(.pi / 2 * x)
      case .powerCosine: (1 - cosf(.pi * powf(x, power))) / 2
      case .list: 0
      }
    if shape == .list { return list[min(list.count - 1, moment.step)] }
    return from + (to - from) * fraction
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
    shape = try section["shape", default: other, about: "shape of the schedule"]
    list = []
    (from, to, power, over) = (fallback.from, fallback.to, fallback.power, fallback.over)
    if shape == .list {
      list = try section[required: "list", about: "one number per step; the last one holds for all later steps"]
      guard !list.isEmpty else { throw section.refusal("'list' needs at least one number.", at: "list") }
      return
    }
    from = try section["from", default: fallback.from, about: "value at the start"]
    guard shape != .constant else {
      (to, power, over) = (from, 1, .progress)
      return
    }
    to = try section["to", default: fallback.to, about: "value at the end"]
    if shape == .powerCosine {
      power = try section["power", default: 1, in: 0.01...100, about: "exponent of the power-cosine schedule"]
    }
    over = try section[
      "over", default: fallback.over,
      about: "argument of the schedule: the direction's progress, k / K, (k + 1) / K, or k / (K - 1) at step k of K"]
  }
}
