import Networks
import Tensors
import Testing

@Suite struct NormTests {
  private var x: Tensor {
    var random = Random(seed: 1, samples: [0, 1])
    return random.normal([2, 3, 8], "x") * 3 + 1
  }

  private func rows(_ x: Tensor) -> [[Float]] {
    let width = x.shape[x.shape.count - 1]
    return (0..<x.count / width).map { Array(x.scalars[$0 * width..<($0 + 1) * width]) }
  }

  @Test("a layer norm has mean 0 and variance 1, then weight and bias")
  func layer() {
    let plain = LayerNorm(8, isLearned: false), learned = LayerNorm(8)
    for row in rows(plain(x)) {
      #expect(abs(row.reduce(0, +) / 8) < 1e-5)
      #expect(abs(row.reduce(0) { $0 + $1 * $1 } / 8 - 1) < 1e-4)
    }
    #expect(learned(x).distance(to: plain(x)) < 1e-6)
    learned.weight?.replace(Tensor(repeating: 2, shape: [8]))
    learned.bias?.replace(Tensor(repeating: 3, shape: [8]))
    #expect(learned(x).distance(to: plain(x) * 2 + 3) < 1e-5)
    #expect(plain.parameters.isEmpty && learned.parameters.allSatisfy { [.gain, .bias].contains($0.parameter.role) })
  }

  @Test("a root-mean-square norm has mean square 1, then a weight")
  func rms() {
    let plain = RMSNorm(8, isLearned: false), learned = RMSNorm(8)
    for row in rows(plain(x)) { #expect(abs(row.reduce(0) { $0 + $1 * $1 } / 8 - 1) < 1e-4) }
    learned.weight?.replace(Tensor(repeating: 2, shape: [8]))
    #expect(learned(x).distance(to: plain(x) * 2) < 1e-5)
    #expect(learned.parameters.map(\.path) == ["weight"])
  }

  @Test("norms have the epsilon of their kind unless another is set")
  func epsilon() {
    func epsilon(_ kind: Norm.Kind, _ value: Float?) -> Float {
      switch Norm(kind, 8, isLearned: true, epsilon: value) {
      case .layer(let norm): norm.epsilon
      case .rms(let norm): norm.epsilon
      }
    }
    #expect(epsilon(.layer, nil) == 1e-6 && epsilon(.rms, nil) == 1e-5)
    #expect(epsilon(.layer, 0.1) == 0.1 && epsilon(.rms, 0.1) == 0.1)
  }

  @Test("an adaptive norm scales by 1 + scale and shifts, each sample by its condition", arguments: Norm.Kind.allCases)
  func adaptive(_ kind: Norm.Kind) {
    var random = Random(seed: 2), samples = Random(seed: 3, samples: [0, 1])
    let norm = Norm(kind, 8, isLearned: false, epsilon: nil)
    let adaptive = AdaptiveNorm(norm, 8, standardDeviation: 0.5, &random), vector = samples.normal([2, 8], "vector")
    let chunks = adaptive.modulation(vector).scalars, plain = norm(x).scalars
    let expected = plain.indices.map { i in
      let sample = i / 24, channel = i % 8
      return plain[i] * (1 + chunks[sample * 16 + channel]) + chunks[sample * 16 + 8 + channel]
    }
    #expect(adaptive(x, vector).distance(to: Tensor([2, 3, 8], expected)) < 1e-5)
  }

  @Test("a group norm has mean 0 and variance 1 over a group of an image, and can end in SiLU")
  func group() {
    var random = Random(seed: 1, samples: [0, 1])
    let image = random.normal([2, 2, 3, 8], "x") * 3 + 1, norm = GroupNorm(8, groups: 2), y = norm(image)
    for sample in 0..<2 {
      for group in 0..<2 {
        let values = (0..<6).flatMap { pixel in
          (0..<4).map { y.scalars[(sample * 6 + pixel) * 8 + group * 4 + $0] }
        }
        #expect(abs(values.reduce(0, +) / 24) < 1e-5)
        #expect(abs(values.reduce(0) { $0 + $1 * $1 } / 24 - 1) < 1e-4)
      }
    }
    #expect(norm.withSiLU(image).distance(to: y.activated(.silu)) < 1e-5)
  }
}
