import Networks
import Storage
import Tensors

/// The checkpoint of a training: what it holds, and how it is adopted.
extension Trainer {
  /// Returns the checkpoint of the current state.
  func checkpoint(_ state: TrainingState) -> Checkpoint {
    func named(_ values: [Tensor], as parameters: NamedParameters) -> Checkpoint.Values {
      Array(zip(parameters.map(\.path), values))
    }
    var checkpoint = Checkpoint()
    checkpoint.model = named(trained.map(\.value), as: parameters)
    checkpoint.average = state.average.map { named($0.values, as: parameters) } ?? []
    // A finished stage takes no further step: its moments are not kept.
    if state.step < configuration.steps {
      checkpoint.means = named(state.optimizer.means, as: parameters)
      checkpoint.squares = named(state.optimizer.squares, as: parameters)
      checkpoint.discriminator = named(discriminator.map(\.parameter.value), as: discriminator)
      checkpoint.discriminatorMeans = named(state.discriminatorOptimizer.means, as: discriminator)
      checkpoint.discriminatorSquares = named(state.discriminatorOptimizer.squares, as: discriminator)
      checkpoint.discriminatorUpdates = state.discriminatorOptimizer.count
    }
    checkpoint.statistics = statistics.map { ($0.path, $0.statistic.value) }
    (checkpoint.step, checkpoint.updates, checkpoint.seed) = (state.step, state.optimizer.count, Int(seed))
    checkpoint.configuration = artefact.recipe
    return checkpoint
  }

  /// Adopts the stage's own checkpoint; throws where a finished one is not what was recorded.
  func restore(_ state: inout TrainingState) throws {
    try artefact.check(artefact.checkpoint)
    let saved = try Checkpoint(
      from: artefact.checkpoint, parameters: parameters.map(\.path), statistics: statistics.map(\.path),
      discriminator: discriminator.map(\.path))
    try adopt(saved, from: artefact.checkpoint)
    for ((_, parameter), (_, value)) in zip(discriminator, saved.discriminator) { parameter.replace(value) }
    state.restore(saved)
  }

  /// Puts parameters and statistics in place, once all shapes of the checkpoint are those of this network.
  func adopt(_ saved: Checkpoint, from file: String) throws {
    for values in [saved.model, saved.average, saved.means, saved.squares] {
      try check(values, parameters.map(\.parameter.value.shape), file)
    }
    for values in [saved.discriminator, saved.discriminatorMeans, saved.discriminatorSquares] {
      try check(values, discriminator.map(\.parameter.value.shape), file)
    }
    try check(saved.statistics, statistics.map(\.statistic.value.shape), file)
    for (path, value) in saved.model + saved.statistics where !Finiteness.holds([value]) {
      throw LaboratoryError("\(file): '\(path)' holds numbers that are not finite; take another checkpoint.")
    }
    for ((_, parameter), (_, value)) in zip(parameters, saved.model) { parameter.replace(value) }
    for ((_, statistic), (_, value)) in zip(statistics, saved.statistics) { statistic.replace(value) }
  }

  /// Throws where a tensor has another shape than the network's.
  private func check(_ values: Checkpoint.Values, _ shapes: [[Int]], _ file: String) throws {
    for ((path, value), shape) in zip(values, shapes) where value.shape != shape {
      throw StorageError.wrongShape(path: file, name: path, found: value.shape, wanted: shape)
    }
  }
}
