/// Passes a gradient back. The second argument hands out what input i has been given so far, if nobody else holds it:
/// an operation may add to that in place and give it back as its own.
typealias Backward = @Sendable (_ gradient: Tensor, _ sofar: (Int) -> Tensor?) -> [Tensor?]

/// A step on the way from parameters to a loss: which tensors went in, and how a gradient passes back through it.
// Written once, by the walk that uses it up.
final class Node: @unchecked Sendable {
  /// Nodes of the inputs, in order; nil where an input needs no gradient.
  private(set) var inputs: [Node?]
  /// From the gradient of the output to those of the inputs, in order. Nil for a tracked tensor itself.
  private(set) var backward: Backward?
  /// What a profile calls it.
  let name: StaticString

  init(_ name: StaticString, inputs: [Node?], backward: Backward?) {
    self.name = name
    self.inputs = inputs
    self.backward = backward
  }

  /// Lets go of all that was kept for the way back: gradients stop here from now on.
  func release() {
    inputs = []
    backward = nil
  }
}

extension Tensor {
  /// The same numbers, from here on with a gradient.
  public var tracked: Tensor { Tensor(shape: shape, buffer: buffer, node: Node("tracked", inputs: [], backward: nil)) }

  /// The same numbers without a past: gradients stop here.
  public var detached: Tensor { Tensor(shape: shape, buffer: buffer, node: nil) }

  /// Whether a gradient can flow back from here.
  public var isTracked: Bool { node != nil }

  /// An operation is its value and the way back: `backward` turns the gradient of the result into those of `inputs`,
  /// in order (nil where none is needed; it may skip inputs for which `wanted` is false).
  ///
  /// This is the only place where a graph grows. A stranger's operation is written with it, too. `name` is what a
  /// profile calls it: the function that calls this one.
  public func from(
    _ inputs: [Tensor], name: StaticString = #function, backward: @escaping @Sendable (_ gradient: Tensor) -> [Tensor?]
  ) -> Tensor {
    addingFrom(inputs, name: name) { gradient, _ in backward(gradient) }
  }

  /// The same for an operation that may add to what its inputs were given before.
  func addingFrom(_ inputs: [Tensor], name: StaticString = #function, backward: @escaping Backward) -> Tensor {
    Profile.shared.forward(name)
    guard inputs.contains(where: { $0.node != nil }) else { return self }
    return Tensor(shape: shape, buffer: buffer, node: Node(name, inputs: inputs.map(\.node), backward: backward))
  }

  /// Adds another of the same shape: in place where nobody else holds the numbers.
  mutating func accumulate(_ other: Tensor) {
    precondition(shape == other.shape, "gradients of shapes \(shape) and \(other.shape) do not add up")
    guard isKnownUniquelyReferenced(&buffer) else {
      self = zip(other) { $0 + $1 }
      return
    }
    let target = buffer.pointer, source = UnsafePointer(other.buffer.pointer)
    parallel((count + 15) / 16, cost: 16) { range in
      for i in range { target[vector: 16 &* i] += source[vector: 16 &* i] }
    }
  }

  /// Gradients of this one number with respect to tracked tensors, in their order; zeros where there is no way.
  ///
  /// Each node's gradient is dropped as soon as it was passed on. With `usingUp` what operations kept for the way back
  /// is dropped, too, so that memory shrinks along the walk; no gradient can be taken through them again.
  public func gradients(of tensors: [Tensor], usingUp: Bool = false) -> [Tensor] {
    precondition(count == 1, "gradients start from one number, not from shape \(shape)")
    var collected: [ObjectIdentifier: Tensor] = [:]
    if let node { collected[ObjectIdentifier(node)] = Tensor(repeating: 1, shape: shape) }
    Profile.shared.forward("before the gradient")
    Profile.shared.walk(true)
    defer { Profile.shared.walk(false) }
    var steps = node.map(Self.order) ?? []
    steps.reverse()
    while let step = steps.popLast() {
      defer { if usingUp && step.backward != nil { step.release() } }
      guard let backward = step.backward, let gradient = collected.removeValue(forKey: ObjectIdentifier(step)) else {
        continue
      }
      let parts = backward(gradient) { index in
        guard let id = step.inputs[index].map(ObjectIdentifier.init), var found = collected.removeValue(forKey: id)
        else { return nil }
        if isKnownUniquelyReferenced(&found.buffer) { return found }
        collected[id] = found
        return nil
      }
      precondition(parts.count == step.inputs.count, "\(parts.count) gradients for \(step.inputs.count) inputs")
      for (input, part) in Swift.zip(step.inputs, parts) {
        guard let input, let part else { continue }
        let id = ObjectIdentifier(input)
        if var sum = collected.removeValue(forKey: id) {
          sum.accumulate(part)
          collected[id] = sum
        } else {
          collected[id] = part
        }
      }
      Profile.shared.backward(step.name)
    }
    return tensors.map { tensor in
      guard let node = tensor.node, let gradient = collected[ObjectIdentifier(node)] else {
        return Tensor(zeros: tensor.shape)
      }
      return gradient
    }
  }

  /// All nodes that lead to `root`, every one before those it was made from. Iterative: graphs are deep.
  private static func order(from root: Node) -> [Node] {
    var done: Set<ObjectIdentifier> = [], result: [Node] = [], stack: [(node: Node, next: Int)] = [(root, 0)]
    done.insert(ObjectIdentifier(root))
    while let (node, next) = stack.last {
      if next < node.inputs.count {
        stack[stack.count - 1].next += 1
        if let input = node.inputs[next], done.insert(ObjectIdentifier(input)).inserted { stack.append((input, 0)) }
      } else {
        result.append(node)
        stack.removeLast()
      }
    }
    return result.reversed()
  }
}
