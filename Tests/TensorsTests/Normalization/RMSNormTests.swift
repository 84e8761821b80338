import Tensors
import Testing

@Suite struct RMSNormTests {
  @Test("an RMS norm divides by the root mean square, gradients included", arguments: [[5, 7], [130, 32], [70, 50]])
  func rms(shape: [Int]) {
    let inputs = [numbers(shape, 1), numbers([shape[1]], 2)]
    #expect(
      distance(
        inputs, { $0[0].rmsNorm($0[1], epsilon: 1e-5) },
        { $0[0] / ($0[0].squared.mean(axis: 1, keeping: true) + 1e-5).squareRoot * $0[1] }) < 1e-4)
  }

  @Test("normalized rows have norm 1, gradients included", arguments: [[5, 7], [130, 32]])
  func normalized(shape: [Int]) {
    #expect(
      distance(
        [numbers(shape, 1)], { $0[0].normalized() }, { $0[0] / $0[0].squared.sum(axis: 1, keeping: true).squareRoot })
        < 1e-4)
    #expect(numbers(shape, 1).normalized().squared.sum(axis: 1).scalars.allSatisfy { abs($0 - 1) < 1e-5 })
  }

  @Test("rows shorter than epsilon are divided by epsilon, with a gradient of 1 / epsilon")
  func shortRows() {
    let x = Tensor([2, 4], [0, 0, 0, 0, 1e-3, 0, 0, 0]).tracked, y = x.normalized(epsilon: 0.5)
    #expect(y.distance(to: Tensor([2, 4], [0, 0, 0, 0, 2e-3, 0, 0, 0])) < 1e-9)
    #expect(y.sum.gradients(of: [x])[0].scalars.allSatisfy { abs($0 - 2) < 1e-6 })
  }
}
