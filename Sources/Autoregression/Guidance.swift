/// The scale of classifier-free guidance (Ho and Salimans 2022, arXiv 2207.12598) and the temperature, over a
/// generation.
public struct Guidance: Sendable {
  /// The scale s in u + s (c - u); 1: no guidance, and no second pass.
  public var scale: Schedule
  /// The sampling temperature; 1: as trained, 0: the mode.
  public var temperature: Schedule

  /// No guidance at temperature 1 unless arguments say otherwise.
  public init(scale: Schedule = .constant(1), temperature: Schedule = .constant(1)) {
    self.scale = scale
    self.temperature = temperature
  }
}
