import Autoregression
import Networks

/// The correspondence between a public checkpoint and a network, each name once.
package struct WeightImportReport {
  /// The name of the checkpoint mappings.
  var family: String
  /// The group of tensors that was read; nil where there is only one.
  var group: String?
  /// The prefix that wrappers of modules put before all names: "module."; empty for none.
  var prefix = ""
  /// Parameters that were assigned.
  var assigned: [String] = []
  /// Parameters without a tensor.
  package var missing: [String] = []
  /// Tensors that belong to no parameter.
  var unexpected: [String] = []
  /// Parameters whose tensor has another shape: "'norm.weight' has shape [768], but backbone.norm.weight needs [512]".
  package var misshaped: [String] = []
  /// Parameters that several tensors would become: "backbone.norm.weight: 'norm.weight' and 'module.norm.weight'".
  var doubled: [String] = []

  /// True where every parameter has one tensor of its shape.
  package var isComplete: Bool { missing.isEmpty && misshaped.isEmpty && doubled.isEmpty }

  /// The counts of what does not correspond: "1 tensors are missing and 1 mis-shaped ('a' has shape [3], ...)".
  package var shortfall: String {
    let shape = misshaped.first.map { " (\($0)\(misshaped.count > 1 ? ", ..." : ""))" } ?? ""
    let double = doubled.first.map { ", and \(doubled.count) occur twice (\($0)\(doubled.count > 1 ? ", ..." : ""))" }
    return "\(missing.count) tensors are missing and \(misshaped.count) mis-shaped\(shape)\(double ?? "")"
  }

  /// The report for people, a line for each name that does not correspond.
  package var text: String {
    func list(_ title: String, _ names: [String]) -> [String] {
      names.isEmpty ? [] : ["\(title) (\(names.count)):"] + names.map { "  \($0)" }
    }
    let origin = group.map { $0.isEmpty ? " of the top level" : " of the group '\($0)'" } ?? ""
    let stripped = prefix.isEmpty ? "" : ", without the prefix '\(prefix)' of the names"
    return
      (["\(assigned.count) tensors\(origin) taken, as \(family) names them\(stripped)"] + list("missing", missing)
      + list("mis-shaped", misshaped) + list("doubled", doubled) + list("unexpected", unexpected))
      .joined(separator: "\n")
  }
}

/// The tensors that one family's mappings find for the parameters of a network, by names and shapes alone.
struct WeightMatch {
  /// The names that correspond and those that do not.
  var report: WeightImportReport
  /// Parameters, with the source of their values and its name in the checkpoint.
  private(set) var pairs: [(parameter: Parameter, source: CheckpointSource, name: String)] = []

  /// The better match has more tensors of the right shape, and among equals more of the right name.
  var score: Score { Score(fitting: report.assigned.count, named: report.assigned.count + report.misshaped.count) }

  /// The order of matches.
  struct Score: Comparable {
    let fitting: Int, named: Int
    static func < (left: Score, right: Score) -> Bool {
      (left.fitting, left.named) < (right.fitting, right.named)
    }
  }

  /// Matches the tensors of `shapes`, whose names without wrappers are `names`, with parameters.
  init(
    _ components: [(prefix: String, component: any Component)], _ parameters: NamedParameters, family: String,
    names: CheckpointNames, shapes: [String: [Int]]
  ) {
    report = WeightImportReport(family: family, prefix: names.prefix)
    let parametersByPath = Dictionary(uniqueKeysWithValues: parameters.map { ($0.path, $0.parameter) })
    // Two mappings of a component may give a path the same source.
    var sources: [String: [CheckpointSource]] = [:]
    for (prefix, component) in components {
      for mapping in type(of: component).checkpointMappings where mapping.name == family {
        for (path, source) in mapping.correspondences(names.originals.keys.sorted())
        where parametersByPath[prefix + path] != nil && sources[prefix + path]?.contains(source) != true {
          sources[prefix + path, default: []].append(source)
        }
      }
    }
    var used: Set<String> = []
    for (path, candidates) in sources.sorted(by: { $0.key < $1.key }) {
      let originals = candidates.compactMap { names.originals[$0.name] }
      used.formUnion(originals)
      guard let parameter = parametersByPath[path], candidates.count == 1, let original = originals.first,
        let found = shapes[original]
      else {
        report.doubled.append("\(path): \(originals.map { "'\($0)'" }.joined(separator: " and "))")
        continue
      }
      let wanted = parameter.value.shape
      guard candidates[0].fits(found, wanted) else {
        report.misshaped.append(
          "'\(original)' has shape \(found), but \(path) needs \(candidates[0].expectation(wanted))")
        continue
      }
      pairs.append((parameter, candidates[0], original))
      report.assigned.append(path)
    }
    report.missing = parametersByPath.keys.filter { sources[$0] == nil }.sorted()
    report.unexpected = shapes.keys.filter { !used.contains($0) }.sorted()
  }
}
