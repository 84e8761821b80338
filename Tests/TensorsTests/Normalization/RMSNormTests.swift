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

@Suite struct GroupNormTests {
  @Test(
    "a group norm, with SiLU or without, is what its formula says, gradients included",
    arguments: [[2, 5, 6, 3], [3, 64, 16, 4], [2, 9, 40, 8]])
  func formula(sizes: [Int]) {
    let (batch, positions, channels, groups) = (sizes[0], sizes[1], sizes[2], sizes[3]), width = channels / groups
    let inputs = [numbers([batch, positions, channels], 1), numbers([channels], 2), numbers([channels], 3)]
    func slow(_ t: [Tensor]) -> Tensor {
      let rows = t[0].reshaped([batch, positions, groups, width]).permuted([0, 2, 1, 3])
      let n = slowNormalized(rows.reshaped([batch * groups, positions * width]))
      return n.reshaped([batch, groups, positions, width]).permuted([0, 2, 1, 3]).reshaped(t[0].shape) * t[1] + t[2]
    }
    #expect(distance(inputs, { $0[0].groupNorm(groupCount: groups, $0[1], $0[2], epsilon: 1e-5) }, slow) < 1e-4)
    #expect(
      distance(
        inputs, { $0[0].groupNorm(groupCount: groups, $0[1], $0[2], epsilon: 1e-5, appliesSiLU: true) },
        { slow($0).activated(.silu) }) < 1e-4)
  }

  @Test("a sample is normalized by itself: others of the batch change nothing")
  func samples() {
    let x = numbers([3, 10, 8], 1), weight = numbers([8], 2), bias = numbers([8], 3)
    let all = x.groupNorm(groupCount: 2, weight, bias, epsilon: 1e-6)
    let alone = x.sliced(1..<2, axis: 0).groupNorm(groupCount: 2, weight, bias, epsilon: 1e-6)
    #expect(all.sliced(1..<2, axis: 0).distance(to: alone) == 0)
  }
}
