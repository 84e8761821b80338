import Tensors
import Testing

@Suite struct EmptyTests {
  @Test("a product over nothing is zero, and no rows are no rows, forward and back")
  func products() {
    let weight = Tensor([3, 2], [1, 2, 3, 4, 5, 6]).tracked, bias = Tensor([3], [1, 2, 3]).tracked
    let none = Tensor([0, 2], []).linear(weight, bias)
    #expect(none.shape == [0, 3])
    #expect(none.sum.gradients(of: [weight, bias]).map(\.scalars) == [Array(repeating: 0, count: 6), [0, 0, 0]])
    #expect(Tensor([2, 0], []).product(Tensor([0, 3], [])).scalars == Array(repeating: 0, count: 6))
  }
}
