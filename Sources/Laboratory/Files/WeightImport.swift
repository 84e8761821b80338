import Autoregression
import ForeignWeights
import Networks
import Storage
import Tensors

/// The import of a public checkpoint into the networks of an experiment.
///
/// Names and layouts are translated by the checkpoint mappings of the components, the tables through which the tests
/// read the numbers of the reference implementations.
package struct WeightImport {
  /// The network that receives the weights.
  package enum Part: String, CaseIterable {
    /// The tokenizer.
    case tokenizer
    /// Conditioner, backbone and token loss.
    case model
  }

  /// The correspondence between a checkpoint and a network, each name once.
  package struct Report {
    /// The name of the checkpoint mappings.
    var family: String
    /// Parameters that were assigned.
    var assigned: [String] = []
    /// Parameters without a tensor.
    package var missing: [String] = []
    /// Tensors that belong to no parameter.
    var unexpected: [String] = []
    /// Parameters whose tensor has another shape: "backbone.blocks.0.norm1.weight: [768], ours [512]".
    package var misshaped: [String] = []

    /// True where every parameter has a tensor of its shape.
    package var isComplete: Bool { missing.isEmpty && misshaped.isEmpty }

    /// The report for people, a line for each name that does not correspond.
    package var text: String {
      func list(_ title: String, _ names: [String]) -> [String] {
        names.isEmpty ? [] : ["\(title) (\(names.count)):"] + names.map { "  \($0)" }
      }
      return
        (["\(assigned.count) tensors taken, as \(family) names them"] + list("missing", missing)
        + list("mis-shaped", misshaped) + list("unexpected", unexpected)).joined(separator: "\n")
    }
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

  /// Assigns weights to parameters by the mappings of the named family, or else of the family that assigns most
  /// tensors. Throws where the components have no such mappings.
  package func take(_ weights: [String: Tensor], family name: String?) throws -> Report {
    guard !families.isEmpty else {
      throw LaboratoryError("no public checkpoint is known for the \(part.rawValue) of this experiment.")
    }
    if let name, !families.contains(name) {
      throw LaboratoryError(
        "the \(part.rawValue) of this experiment knows no checkpoints of '\(name)'; it knows "
          + "\(families.joined(separator: ", ")).")
    }
    let matches = (name.map { [$0] } ?? families).map { match(weights, family: $0) }
    let best = matches.max { $0.report.assigned.count < $1.report.assigned.count } ?? matches[0]
    for (parameter, value) in best.values { parameter.replace(value) }
    return best.report
  }

  /// Finds the tensor of each parameter by the mappings of one family.
  private func match(_ weights: [String: Tensor], family: String) -> (report: Report, values: [(Parameter, Tensor)]) {
    let parametersByPath = Dictionary(uniqueKeysWithValues: parameters.map { ($0.path, $0.parameter) })
    var report = Report(family: family), values: [(Parameter, Tensor)] = []
    var missing = Set(parametersByPath.keys), used: Set<String> = []
    for (prefix, component) in components {
      for mapping in type(of: component).checkpointMappings where mapping.name == family {
        for (path, translated) in mapping.translated(weights) {
          let path = prefix + path
          guard let parameter = parametersByPath[path] else { continue }
          used.formUnion(translated.sources)
          missing.remove(path)
          let (found, wanted) = (translated.value.shape, parameter.value.shape)
          // Axes of length 1 do not matter: [1, 1, width] and [width] hold the same elements.
          guard found.filter({ $0 != 1 }) == wanted.filter({ $0 != 1 }) else {
            report.misshaped.append("\(path): \(found), ours \(wanted)")
            continue
          }
          values.append((parameter, translated.value.reshaped(wanted)))
          report.assigned.append(path)
        }
      }
    }
    report.missing = missing.sorted()
    report.unexpected = weights.keys.filter { !used.contains($0) }.sorted()
    report.misshaped.sort()
    report.assigned.sort()
    return (report, values)
  }

  /// Writes the network's parameters as a checkpoint for `training.weights`. Statistics are left out: they are measured
  /// on the experiment's own data. `source` is the path of the public checkpoint.
  package func write(to path: String, from source: String) throws {
    var checkpoint = Checkpoint()
    checkpoint.model = parameters.map { ($0.path, $0.parameter.value) }
    checkpoint.configuration = "imported from \(source)\n"
    try checkpoint.write(to: path)
  }
}
