import Tensors

/// An exponential moving average of parameters, which samples better than the parameters themselves.
///
/// The rate warms up as min(rate, (1 + t) / (10 + t)), so that a short run is not an average of its beginning.
public struct MovingAverage: Sendable {
  public let rate: Double
  public let warmsUp: Bool
  public private(set) var values: [Tensor]

  public init(of parameters: [Parameter], rate: Double, warmsUp: Bool = true) {
    self.rate = rate
    self.warmsUp = warmsUp
    values = parameters.map(\.value)
  }

  /// The rate at step `number` (1, 2, ...).
  public func rate(at number: Int) -> Double {
    warmsUp ? min(rate, (1 + Double(number)) / (10 + Double(number))) : rate
  }

  /// average <- rate average + (1 - rate) parameter
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

  /// Puts other averages in place, as a checkpoint had them.
  public mutating func restore(_ values: [Tensor]) { self.values = values }

  /// Runs `body` with the averages in place of the parameters, and puts the parameters back whatever happens.
  public func inPlace<Result>(of parameters: [Parameter], _ body: () throws -> Result) rethrows -> Result {
    let own = parameters.map(\.value)
    for (parameter, value) in zip(parameters, values) { parameter.replace(value) }
    defer { for (parameter, value) in zip(parameters, own) { parameter.replace(value) } }
    return try body()
  }
}
