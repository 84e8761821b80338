import Autoregression
import ForeignWeights
import Networks
import Storage
import Tensors

/// Weights of a public checkpoint put into the parts of an experiment and written as a checkpoint of ours.
///
/// Names and layouts are translated by the checkpoint mappings of the components, the same tables through which the tests read
/// the reference's numbers.
package struct WeightImport {
  package enum Part: String, CaseIterable { case tokenizer, model }

  /// What fits and what does not, each name once.
  package struct Report {
    var family: String
    var taken: [String] = []
    /// Ours that nothing was put into.
    package var missing: [String] = []
    /// Theirs that no part of ours asked for.
    var unexpected: [String] = []
    /// "backbone.blocks.0.norm1.weight: [768], ours [512]".
    package var misshaped: [String] = []

    package var isComplete: Bool { missing.isEmpty && misshaped.isEmpty }

    package var text: String {
      func list(_ title: String, _ names: [String]) -> [String] {
        names.isEmpty ? [] : ["\(title) (\(names.count)):"] + names.map { "  \($0)" }
      }
      return
        (["\(taken.count) tensors taken, as \(family) names them"] + list("missing", missing)
        + list("mis-shaped", misshaped) + list("unexpected", unexpected)).joined(separator: "\n")
    }
  }

  let assembly: Assembly
  let part: Part

  package init(assembly: Assembly, part: Part) { (self.assembly, self.part) = (assembly, part) }

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

  private var parameters: [(path: String, parameter: Parameter)] {
    part == .tokenizer ? assembly.tokenizer.parameters : assembly.model.parameters
  }

  /// Families that the components of this part know.
  var checkpointMappings: [String] {
    Set(components.flatMap { type(of: $0.component).checkpointMappings.map(\.name) }).sorted()
  }

  /// Puts weights in place. The family is the one named, else the one that fits most tensors.
  package func take(_ weights: [String: Tensor], family name: String?) throws -> Report {
    guard !checkpointMappings.isEmpty else {
      throw LaboratoryError("no public checkpoint is known for the \(part.rawValue) of this experiment.")
    }
    if let name, !checkpointMappings.contains(name) {
      throw LaboratoryError(
        "the \(part.rawValue) of this experiment knows no checkpoints of '\(name)'; it knows \(checkpointMappings.joined(separator: ", "))."
      )
    }
    let tries = (name.map { [$0] } ?? checkpointMappings).map { report(of: weights, as: $0) }
    let best = tries.max { $0.report.taken.count < $1.report.taken.count } ?? tries[0]
    for (parameter, value) in best.values { parameter.replace(value) }
    return best.report
  }

  private func report(of weights: [String: Tensor], as family: String) -> (
    report: Report, values: [(Parameter, Tensor)]
  ) {
    let own = Dictionary(uniqueKeysWithValues: parameters.map { ($0.path, $0.parameter) })
    var report = Report(family: family), values: [(Parameter, Tensor)] = [], left = Set(own.keys),
      used: Set<String> = []
    for (prefix, component) in components {
      for known in type(of: component).checkpointMappings where known.name == family {
        for (path, translated) in known.translated(weights) {
          guard let parameter = own[prefix + path] else { continue }
          used.formUnion(translated.sources)
          left.remove(prefix + path)
          let (found, wanted) = (translated.value.shape, parameter.value.shape)
          // Axes of length 1 are a matter of taste: [1, 1, width] and [width] hold the same.
          guard found.filter({ $0 != 1 }) == wanted.filter({ $0 != 1 }) else {
            report.misshaped.append("\(prefix + path): \(found), ours \(wanted)")
            continue
          }
          values.append((parameter, translated.value.reshaped(wanted)))
          report.taken.append(prefix + path)
        }
      }
    }
    report.missing = left.sorted()
    report.unexpected = weights.keys.filter { !used.contains($0) }.sorted()
    report.misshaped.sort()
    report.taken.sort()
    return (report, values)
  }

  /// Writes what is in the parts now, for `training.weights` of an experiment to begin from. Statistics are left out:
  /// they are measured on the experiment's own data.
  package func write(to path: String, from source: String) throws {
    var checkpoint = Checkpoint()
    checkpoint.model = parameters.map { ($0.path, $0.parameter.value) }
    checkpoint.configuration = "imported from \(source)\n"
    try checkpoint.write(to: path)
  }
}
