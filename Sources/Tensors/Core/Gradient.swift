extension Tensor {
  /// This tensor as a leaf of a new graph: operations on it record how to pass a gradient back.
  public var tracked: Tensor { Tensor(shape: shape, buffer: buffer, node: Node("tracked", inputs: [], backward: nil)) }

  /// This tensor without its graph: no gradient flows back through it.
  public var detached: Tensor { Tensor(shape: shape, buffer: buffer, node: nil) }

  /// True if a gradient can flow back from here, which is so for results of operations on a tracked tensor.
  public var isTracked: Bool { node != nil }

  /// Attaches the backward pass of the operation that computed this value from `inputs`.
  ///
  /// `backward` maps the gradient of the result to the gradients of `inputs`, in order, each of its input's shape; nil
  /// where none is needed. Without a tracked input nothing is recorded and `backward` is dropped. The graph grows only
  /// here, so an operation defined outside this module is recorded by the same call:
  ///
  /// ```swift
  /// Tensor(x.shape, x.scalars.map { $0 * $0 * $0 }).recorded(inputs: [x]) { g in [g * x.detached.squared * 3] }
  /// ```
  ///
  /// `name` stands for the operation in a profile; it defaults to the calling function.
  public func recorded(
    inputs: [Tensor], name: StaticString = #function,
    backward: @escaping @Sendable (_ gradient: Tensor) -> [Tensor?]
  ) -> Tensor {
    recordedAccumulating(inputs: inputs, name: name) { gradient, _ in backward(gradient) }
  }

  /// Attaches a backward pass that may add in place to the gradients that its inputs have received before.
  func recordedAccumulating(inputs: [Tensor], name: StaticString = #function, backward: @escaping Backward) -> Tensor {
    Profile.shared.forward(name)
    guard inputs.contains(where: { $0.node != nil }) else { return self }
    return Tensor(shape: shape, buffer: buffer, node: Node(name, inputs: inputs.map(\.node), backward: backward))
  }

  /// Adds a tensor of the same shape: in place where nothing else references the memory.
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

  /// Returns the gradients of this scalar with respect to tracked tensors, in their order; zeros for a tensor that it
  /// does not depend on.
  ///
  /// Reverse-mode differentiation: nodes are visited from this one towards the leaves, and a node's gradient is dropped
  /// as soon as it was passed on. With `releasingGraph` the values that operations stored for the backward pass are
  /// dropped at the same time, so that memory shrinks during the traversal; a second call then returns zeros.
  public func gradients(of tensors: [Tensor], releasingGraph: Bool = false) -> [Tensor] {
    precondition(count == 1, "gradients start from one number, not from shape \(shape)")
    var gradients = CollectedGradients()
    if let node { gradients.add(Tensor(repeating: 1, shape: shape), for: node) }
    Profile.shared.forward("before the gradient")
    Profile.shared.setBackward(true)
    defer { Profile.shared.setBackward(false) }
    // A stack: a visited node is dropped before the next is taken, and its memory with it.
    var pending = node?.topologicalOrder() ?? []
    pending.reverse()
    while let node = pending.popLast() {
      defer { if releasingGraph && node.backward != nil { node.release() } }
      guard let backward = node.backward, let gradient = gradients.take(for: node) else { continue }
      let parts = backward(gradient) { index in node.inputs[index].flatMap { gradients.takeUnshared(for: $0) } }
      precondition(parts.count == node.inputs.count, "\(parts.count) gradients for \(node.inputs.count) inputs")
      for (input, part) in Swift.zip(node.inputs, parts) {
        if let input, let part { gradients.add(part, for: input) }
      }
      Profile.shared.backward(node.name)
    }
    return tensors.map { tensor in tensor.node.flatMap { gradients[$0] } ?? Tensor(zeros: tensor.shape) }
  }
}

/// The sums of gradients that nodes have received so far in one traversal of the graph.
private struct CollectedGradients {
  private var sums: [ObjectIdentifier: Tensor] = [:]

  subscript(node: Node) -> Tensor? { sums[ObjectIdentifier(node)] }

  /// Adds to a node's gradient.
  mutating func add(_ part: Tensor, for node: Node) {
    let id = ObjectIdentifier(node)
    // Taken out of the dictionary, so that the sum is the only reference to its memory and can be changed in place.
    if var sum = sums.removeValue(forKey: id) {
      sum.accumulate(part)
      sums[id] = sum
    } else {
      sums[id] = part
    }
  }

  /// Removes and returns a node's gradient.
  mutating func take(for node: Node) -> Tensor? { sums.removeValue(forKey: ObjectIdentifier(node)) }

  /// Removes and returns a node's gradient if nothing else references its memory.
  mutating func takeUnshared(for node: Node) -> Tensor? {
    let id = ObjectIdentifier(node)
    guard var sum = sums.removeValue(forKey: id) else { return nil }
    if isKnownUniquelyReferenced(&sum.buffer) { return sum }
    sums[id] = sum
    return nil
  }
}
