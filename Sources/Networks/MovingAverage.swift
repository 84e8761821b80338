import Tensors

/// An exponential moving average of parameters, which gives better samples than the parameters themselves.
///
/// The rate warms up as min(rate, (1 + t) / (10 + t)), so that a short run does not average over its beginning.
public struct MovingAverage: Sendable {
  /// The weight of the old average at each update, after the warm-up.
  public let rate: Double
  /// True where the rate starts smaller and grows to `rate`.
  public let warmsUp: Bool
  /// The averages, in the order of the parameters.
  public private(set) var values: [Tensor]

  /// Averages that start at the current values.
  public init(of parameters: [Parameter], rate: Double, warmsUp: Bool = true) {
    self.rate = rate
    self.warmsUp = warmsUp
    values = parameters.map(\.value)
  }

  /// Returns the rate at step `number` (1, 2, ...).
  public func rate(at number: Int) -> Double {
    warmsUp ? min(rate, (1 + Double(number)) / (10 + Double(number))) : rate
  }

  /// Updates average <- rate average + (1 - rate) parameter, in place.
  public mutating func update(from parameters: [Parameter], step number: Int) {
    let rate = Float(rate(at: number))
    var lists = [values]
    values = []
    Tensor.updateInPlace(&lists, reading: [parameters.map(\.value)]) { chunk in
      let (average, value) = (chunk.outputs[0], chunk.inputs[0])
      for i in 0..<chunk.count { average[i] = average[i] * rate + value[i] * (1 - rate) }
    }
    values = lists[0]
  }

  /// Sets the averages of a checkpoint.
  public mutating func restore(_ values: [Tensor]) { self.values = values }

  /// Runs `body` with the averages in place of the parameters, and restores the parameters even when it throws.
  public func inPlace<Result>(of parameters: [Parameter], _ body: () throws -> Result) rethrows -> Result {
    let trained = parameters.map(\.value)
    for (parameter, value) in zip(parameters, values) { parameter.replace(value) }
    defer { for (parameter, value) in zip(parameters, trained) { parameter.replace(value) } }
    return try body()
  }
}
