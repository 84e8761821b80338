import Tensors
import Testing

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
