import Autoregression
import Networks
import Settings

/// Returns the number of trainable parameters in the model of an experiment file, as `overtone plan` counts them.
///
/// No parameter is allocated, so that models far larger than the machine's memory can be counted. Throws
/// `SettingsError` where the file cannot be assembled.
public func modelParameters(of file: String, _ overrides: [String] = [], scale: String? = nil) throws -> Int {
  let sweep = try Sweep(file: file, scale: scale, overrides: overrides)
  let runs = try ExperimentRuns(sweep, experiment: "counted", registry: Registry.linked())
  guard let spec = runs.specs.first else { return 0 }
  return try withoutStorage { try runs.assembly(spec) }.model.parameters.reduce(0) {
    $0 + $1.parameter.value.count
  }
}
