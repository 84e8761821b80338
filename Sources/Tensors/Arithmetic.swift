extension Tensor {
  public static func + (left: Tensor, right: Tensor) -> Tensor {
    precondition(left.shape == right.shape, "cannot add \(right.shape) to \(left.shape)")
    let sum = Tensor(unfilled: left.shape) { for i in $0.indices { $0[i] = left.buffer.pointer[i] + right.buffer.pointer[i] } }
    return sum.from([left, right]) { [$0, $0] }
  }
}
