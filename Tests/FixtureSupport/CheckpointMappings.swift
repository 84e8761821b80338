import Autoregression
import Networks
import Tensors

/// Weights of the reference, read through the checkpoint mappings of our components, as `overtone import` does.
extension Model {
  /// The tensors of the reference (weights, or gradients of them) by our paths.
  public func translated(_ weights: [String: Tensor], from family: String) -> [String: CheckpointMapping.MappedTensor] {
    let parts: [(name: String, component: any Component)] = [
      ("conditioner", conditioner), ("backbone", backbone), ("loss", loss),
    ]
    var found: [String: CheckpointMapping.MappedTensor] = [:]
    for part in parts {
      for (path, value) in read(weights, from: family, by: part.component) { found["\(part.name).\(path)"] = value }
    }
    return found
  }

  /// Puts the reference's weights in place of ours. Gives a sentence if one is left over on either side or has another
  /// shape; nil when all fit.
  public func adopt(_ weights: [String: Tensor], from family: String) -> String? {
    put(translated(weights, from: family), of: weights, into: parameters)
  }
}

extension Component where Self: Module {
  public func translated(_ weights: [String: Tensor], from family: String) -> [String: CheckpointMapping.MappedTensor] {
    read(weights, from: family, by: self)
  }

  /// As for a whole model.
  public func adopt(_ weights: [String: Tensor], from family: String) -> String? {
    put(translated(weights, from: family), of: weights, into: parameters)
  }
}

private func read(_ weights: [String: Tensor], from family: String, by component: any Component) -> [String:
  CheckpointMapping
  .MappedTensor]
{
  type(of: component).checkpointMappings.filter { $0.name == family }
    .reduce(into: [:]) { $0.merge($1.translated(weights)) { first, _ in first } }
}

private func put(
  _ found: [String: CheckpointMapping.MappedTensor], of weights: [String: Tensor],
  into parameters: [(path: String, parameter: Parameter)]
) -> String? {
  let parametersByPath = Dictionary(uniqueKeysWithValues: parameters.map { ($0.path, $0.parameter) })
  for (path, translated) in found {
    guard let parameter = parametersByPath[path] else {
      return "\(translated.sources) became \(path), which is none of ours"
    }
    let (theirs, ours) = (translated.value.shape, parameter.value.shape)
    guard theirs.filter({ $0 != 1 }) == ours.filter({ $0 != 1 }) else {
      return "\(translated.sources) has shape \(theirs), ours \(ours)"
    }
    parameter.replace(translated.value.reshaped(ours))
  }
  let unread = Set(weights.keys).subtracting(found.values.flatMap(\.sources))
  guard unread.isEmpty else { return "no part of ours knows \(unread.sorted())" }
  let left = Set(parametersByPath.keys).subtracting(found.keys)
  return left.isEmpty ? nil : "nothing was put into \(left.sorted())"
}

extension Fixture {
  /// Nil where our gradients are those of a group; else a sentence. Every one of theirs must be one of ours.
  public func disagreement(
    _ gradients: [(path: String, gradient: Tensor)], _ group: String,
    translated: [String: CheckpointMapping.MappedTensor]
  ) throws -> String? {
    let ours = Dictionary(uniqueKeysWithValues: gradients.map { ($0.path, $0.gradient) })
    for (path, theirs) in translated.sorted(by: { $0.key < $1.key }) {
      guard let gradient = ours[path], theirs.sources.count == 1 else {
        return "\(theirs.sources) is \(path), not one of ours"
      }
      if let sentence = try disagreement(gradient, "\(group)/\(theirs.sources[0])") { return sentence }
    }
    let unread = Set(names(group)).subtracting(translated.values.flatMap(\.sources))
    return unread.isEmpty ? nil : "no part of ours knows \(unread.sorted())"
  }

  /// An attribute of one group that is text; nil if there is none.
  public func text(_ name: String, of group: String) -> String? { reader.text(attribute: name, of: group) }
}
