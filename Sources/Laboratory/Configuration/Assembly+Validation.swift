import Autoregression

extension Assembly {
  /// The quantities of a validation that are results of a run: their names there, "validation-loss", and their series
  /// in the log of the model's training. Known before anything runs; empty where nothing is validated.
  var validationSeries: [(name: String, series: String)] {
    guard training.validateEvery > 0 else { return [] }
    let names = model.loss.validationNames
    let all = names + (direction.layout.levels > 1 ? names.map { "\($0) \(ValidationSums.lastLevel)" } : [])
    return all.map { ("validation-" + $0.split(separator: " ").joined(separator: "-"), $0) }
  }
}
