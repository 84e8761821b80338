/// A point of a generation, by which schedules (guidance, temperature, denoising steps) choose their values.
public struct Moment: Equatable, Sendable {
  /// The number of the turn, in 0 ..< steps.
  public var step: Int
  /// The number of turns of the generation.
  public var steps: Int
  /// The progress of the generation by the direction's own measure, in [0, 1].
  public var progress: Float

  /// The first and only turn of a generation unless arguments say otherwise.
  public init(step: Int = 0, steps: Int = 1, progress: Float = 0) {
    self.step = step
    self.steps = steps
    self.progress = progress
  }
}
