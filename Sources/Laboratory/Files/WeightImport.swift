import Autoregression
import ForeignWeights
import Networks
import Storage
import Tensors

/// The import of a public checkpoint into the networks of an experiment.
///
/// Names and layouts are translated by the checkpoint mappings of the components, the tables through which the tests
/// read the numbers of the reference implementations. Tensors are matched by name and shape; only those of the chosen
/// match are read.
package struct WeightImport {
  /// The network that receives the weights.
  package enum Part: String, CaseIterable {
    /// The tokenizer.
    case tokenizer
    /// Conditioner, backbone and token loss.
    case model
  }

  /// The experiment whose parameters are assigned.
  let assembly: Assembly
  /// The network that receives the weights.
  let part: Part

  /// An import into one network of an assembled experiment.
  package init(assembly: Assembly, part: Part) { (self.assembly, self.part) = (assembly, part) }

  /// The components of the network, with the prefixes of their parameters' paths.
  private var components: [(prefix: String, component: any Component)] {
    switch part {
    case .tokenizer: [("", assembly.tokenizer)]
    case .model:
      [
        ("conditioner.", assembly.model.conditioner), ("backbone.", assembly.model.backbone),
        ("loss.", assembly.model.loss),
      ]
    }
  }

  private var parameters: NamedParameters {
    part == .tokenizer ? assembly.tokenizer.parameters : assembly.model.parameters
  }

  /// The names of the components' checkpoint mappings, sorted.
  var families: [String] { Set(components.flatMap { type(of: $0.component).checkpointMappings.map(\.name) }).sorted() }

  /// Assigns the tensors of a group to parameters by the mappings of the named family, or else of the family that
  /// assigns most, whatever wrappers of modules put before all names.
  ///
  /// Throws where the components have no such mappings, where the file cannot be read, and where a tensor that would be
  /// assigned holds a number that is not finite; then nothing is assigned.
  package func take(_ file: WeightFile, group: String?, family name: String?) throws -> WeightImportReport {
    guard !families.isEmpty else {
      throw LaboratoryError("no public checkpoint is known for the \(part.rawValue) of this experiment.")
    }
    if let name, !families.contains(name) {
      throw LaboratoryError(
        "the \(part.rawValue) of this experiment knows no checkpoints of '\(name)'; it knows "
          + "\(families.joined(separator: ", ")).")
    }
    let group = group ?? file.mainGroup, shapes = try file.shapes(in: group)
    var best: WeightMatch?
    for prefix in CheckpointNames.candidates(shapes.keys.sorted()) {
      let names = CheckpointNames(shapes.keys, without: prefix)
      for family in name.map({ [$0] }) ?? families {
        let found = WeightMatch(components, parameters, family: family, names: names, shapes: shapes)
        if best.map({ found.score > $0.score }) ?? true { best = found }
      }
      // Nothing is stripped from names that fit as they are.
      if best?.report.isComplete == true { break }
    }
    guard var match = best else { return WeightImportReport(family: name ?? "") }
    if file.groups.count > 1 { match.report.group = group }
    try assign(match, from: file, group: group)
    return match.report
  }

  /// Reads what matches, and assigns it once all of it is read.
  private func assign(_ match: WeightMatch, from file: WeightFile, group: String) throws {
    var values: [(parameter: Parameter, value: Tensor)] = [], tensors: [String: Tensor] = [:]
    for (parameter, source, name) in match.pairs {
      if tensors[name] == nil { tensors[name] = try finite(name, of: file, in: group) }
      guard let value = tensors[name].flatMap({ source.value($0, as: parameter.value.shape) }) else { continue }
      values.append((parameter, value))
      // Parts of one tensor follow each other; the whole is not needed longer.
      if source.part == .whole { tensors[name] = nil }
    }
    for (parameter, value) in values { parameter.replace(value) }
  }

  /// Reads a tensor; throws where it holds a number that is not finite.
  private func finite(_ name: String, of file: WeightFile, in group: String) throws -> Tensor? {
    guard let tensor = try file.tensor(name, in: group) else { return nil }
    let count = tensor.withUnsafeScalars { scalars in scalars.reduce(0) { $1.isFinite ? $0 : $0 + 1 } }
    guard count == 0 else {
      throw LaboratoryError(
        "\(file.path): '\(name)' holds \(count) numbers of \(tensor.count) that are not finite, so nothing was taken; "
          + "import a checkpoint from before its training diverged.")
    }
    return tensor
  }

  /// Writes the network's parameters as a checkpoint for `training.weights`. Statistics are left out: a run is refused
  /// where weights depend on them, and measures all others on its own data. `source` is the path of the public
  /// checkpoint.
  package func write(to path: String, from source: String) throws {
    var checkpoint = Checkpoint()
    checkpoint.model = parameters.map { ($0.path, $0.parameter.value) }
    checkpoint.configuration = "imported from \(source)\n"
    try checkpoint.write(to: path)
  }
}
