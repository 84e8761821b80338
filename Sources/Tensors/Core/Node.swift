/// Maps the gradient of an operation's output to the gradients of its inputs, in order; nil where none is needed.
///
/// `existingGradient(i)` hands over the gradient that input i has received so far if it has no other reference, else
/// nil. An operation that takes it adds to it in place and returns it as its own gradient of that input.
typealias Backward = @Sendable (_ gradient: Tensor, _ existingGradient: (Int) -> Tensor?) -> [Tensor?]

/// One operation of the graph that leads from parameters to a loss: its inputs and its backward pass.
// Mutated only by `release()`, which the one traversal that releases the graph calls.
final class Node: @unchecked Sendable {
  /// Nodes of the inputs, in order; nil where an input needs no gradient.
  private(set) var inputs: [Node?]
  /// The backward pass of the operation. Nil for a tracked tensor itself, and after `release()`.
  private(set) var backward: Backward?
  /// The operation's name in a profile.
  let name: StaticString

  /// A node whose `backward` returns as many gradients as there are `inputs`.
  init(_ name: StaticString, inputs: [Node?], backward: Backward?) {
    self.name = name
    self.inputs = inputs
    self.backward = backward
  }

  /// Drops the inputs and everything stored for the backward pass: no gradient flows through this node afterwards.
  func release() {
    inputs = []
    backward = nil
  }

  /// Returns all nodes that lead to this one, each before its inputs. Iterative, since graphs are deep.
  func topologicalOrder() -> [Node] {
    var visited: Set<ObjectIdentifier> = [], postorder: [Node] = [], stack: [(node: Node, next: Int)] = [(self, 0)]
    visited.insert(ObjectIdentifier(self))
    while let (node, next) = stack.last {
      if next < node.inputs.count {
        stack[stack.count - 1].next += 1
        if let input = node.inputs[next], visited.insert(ObjectIdentifier(input)).inserted { stack.append((input, 0)) }
      } else {
        postorder.append(node)
        stack.removeLast()
      }
    }
    return postorder.reversed()
  }
}
