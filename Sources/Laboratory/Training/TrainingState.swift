import Networks
import Storage
import Tensors

/// A network's parameters by their dotted path.
typealias NamedParameters = [(path: String, parameter: Parameter)]

/// The state of a training that changes from step to step, besides the parameters themselves.
struct TrainingState {
  /// Steps taken.
  var step = 0
  /// AdamW with its moments.
  var optimizer: Optimizer
  /// The optimizer of the discriminator; without parameters where there is none.
  var discriminatorOptimizer: Optimizer
  /// Nil where `training.ema` is 0.
  var average: MovingAverage?
  /// The step of the checkpoint on the disk; nil before the first.
  var savedStep: Int?
  /// The newest steps, at most ten, oldest first.
  private(set) var history: [(step: Int, loss: Double, gradientNorm: Double)] = []
  /// The newest measurement on held-out images in words, "validation loss 0.41"; empty before the first.
  var validation: [String] = []
  /// Exponential average of the wall time of a step; 0 before the first.
  var secondsPerStep = 0.0

  /// The state before the first step.
  init(
    _ configuration: TrainingConfiguration, parameters: NamedParameters, head: [Parameter],
    discriminator: NamedParameters
  ) {
    let trained = parameters.map(\.parameter)
    optimizer = configuration.optimizer(of: trained, head: head)
    discriminatorOptimizer = configuration.optimizer(of: discriminator.map(\.parameter))
    average = configuration.average(of: trained)
  }

  /// Adopts optimizer moments, averages and the step of a checkpoint whose shapes were checked.
  mutating func restore(_ saved: Checkpoint) {
    (step, savedStep) = (saved.step, saved.step)
    if !saved.means.isEmpty {
      optimizer.restore(means: saved.means.map(\.value), squares: saved.squares.map(\.value), count: saved.updates)
    }
    if !saved.discriminatorMeans.isEmpty {
      discriminatorOptimizer.restore(
        means: saved.discriminatorMeans.map(\.value), squares: saved.discriminatorSquares.map(\.value),
        count: saved.discriminatorUpdates)
    }
    if !saved.average.isEmpty { average?.restore(saved.average.map(\.value)) }
  }

  /// Remembers loss and gradient norm of a step (1, 2, ...).
  mutating func note(step: Int, loss: Double, gradientNorm: Double) {
    if history.count == 10 { history.removeFirst() }
    history.append((step, loss, gradientNorm))
  }

  /// Accounts for the wall time of one step.
  mutating func record(seconds: Double) {
    secondsPerStep = secondsPerStep == 0 ? seconds : 0.95 * secondsPerStep + 0.05 * seconds
  }
}
