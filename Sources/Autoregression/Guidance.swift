/// How a generation is steered: how far from "no condition" towards the condition, and how freely a loss draws.
public struct Guidance: Sendable {
  /// 1: the condition as it is, and no second pass.
  public var scale: Schedule
  /// 1: as trained; less: closer to the likeliest.
  public var temperature: Schedule

  public init(scale: Schedule = .constant(1), temperature: Schedule = .constant(1)) {
    self.scale = scale
    self.temperature = temperature
  }
}
