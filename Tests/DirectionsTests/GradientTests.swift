import AutoregressionTesting
import Tensors
import Testing

@Suite("Gradients against differences")
struct GradientTests {
  private var inputs: [Tensor] {
    var random = Random(seed: 8, samples: [0, 1])
    return [random.normal([2, 3], "a"), random.normal([2, 3], "b")]
  }

  @Test("agree for operations that are right")
  func agree() {
    #expect(gradientsDisagree(of: inputs) { $0[0] * $0[1] + $0[0].squared } == nil)
    #expect(gradientsDisagree(of: inputs) { ($0[0] * 0.5).exponential / ($0[1].squared + 1) } == nil)
    #expect(
      gradientsDisagree(of: [inputs[0]]) { _ in Tensor(zeros: [2]) } == nil, "no backward pass is a gradient of zero")
  }

  @Test("disagree for a backward pass that is 1 % wrong, and say where")
  func wrongFactor() throws {
    let found = gradientsDisagree(of: inputs) { inputs in
      let (a, b) = (inputs[0], inputs[1])
      return (a.detached * b.detached).recorded(inputs: [a, b]) { [$0 * b.detached, $0 * a.detached * 1.01] }
    }
    #expect(try #require(found).hasPrefix("input 1 of shape [2, 3], scalar "))
  }

  @Test("disagree where a backward pass is missing or not a number")
  func missing() {
    #expect(gradientsDisagree(of: inputs) { $0[0] * $0[1].detached } != nil)
    #expect(
      gradientsDisagree(of: inputs) { inputs in inputs[0].detached.recorded(inputs: [inputs[0]]) { [$0 * .nan] } }
        != nil)
  }
}
