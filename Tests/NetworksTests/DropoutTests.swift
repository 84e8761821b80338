import Networks
import Tensors
import Testing

@Suite struct DropoutTests {
  @Test("dropout zeroes a fraction of the elements and scales the others")
  func elements() {
    var random: Random? = Random(seed: 1, samples: [0])
    let values = Tensor(repeating: 2, shape: [1, 20_000]).dropout(0.2, &random).scalars
    #expect(Set(values) == [0, 2.5])
    #expect(abs(Float(values.count { $0 == 0 }) / 20_000 - 0.2) < 0.01)
  }

  @Test("stochastic depth zeroes a fraction of whole samples and scales the others")
  func samples() {
    var random: Random? = Random(seed: 3, samples: Array(0..<2000))
    let values = Tensor(repeating: 1, shape: [2000, 2, 3]).dropPath(0.25, &random).scalars
    let samples = (0..<2000).map { Set(values[$0 * 6..<$0 * 6 + 6]) }
    #expect(samples.allSatisfy { $0 == [0] || $0 == [4.0 / 3] })
    #expect(abs(Float(samples.count { $0 == [0] }) / 2000 - 0.25) < 0.04)
  }

  @Test("outside training, and at rate 0, nothing is dropped or drawn")
  func evaluation() {
    var none: Random?, random: Random? = Random(seed: 1, samples: [0]), fresh: Random? = Random(seed: 1, samples: [0])
    let x = Tensor([1, 3], [1, 2, 3])
    #expect(x.dropout(0.5, &none).scalars == [1, 2, 3] && x.dropPath(0.5, &none).scalars == [1, 2, 3])
    #expect(x.dropout(0, &random).scalars == [1, 2, 3] && x.dropPath(0, &random).scalars == [1, 2, 3])
    let wide = Tensor(repeating: 1, shape: [1, 100])
    #expect(wide.dropout(0.5, &random).scalars == wide.dropout(0.5, &fresh).scalars)
  }

  @Test("a sample's draws do not depend on the other samples of the batch")
  func independence() {
    var pair: Random? = Random(seed: 1, samples: [7, 8]), alone: Random? = Random(seed: 1, samples: [8])
    let both = Tensor(repeating: 1, shape: [2, 50]).dropout(0.5, &pair)
    #expect(Array(both.scalars[50...]) == Tensor(repeating: 1, shape: [1, 50]).dropout(0.5, &alone).scalars)
  }

  @Test("gradients pass where elements stay, with the same factor")
  func gradients() {
    var random: Random? = Random(seed: 1, samples: [0])
    let x = Tensor(repeating: 1, shape: [1, 40]).tracked, y = x.dropout(0.5, &random)
    #expect(y.sum.gradients(of: [x])[0].scalars == y.scalars)
  }
}
