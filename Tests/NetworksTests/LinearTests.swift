import Networks
import Tensors
import Testing

@Suite struct LinearTests {
  private let x: Tensor, base: Tensor, layer: Linear

  init() {
    var random = Random(seed: 1, samples: [0, 1]), weights = Random(seed: 2)
    (x, base) = (random.normal([2, 5, 6], "x"), random.normal([2, 5, 3], "base"))
    layer = Linear(from: 6, to: 3, bias: .normal(standardDeviation: 1), &weights)
  }

  @Test("a layer is the product with the transposed weight, plus the bias")
  func product() {
    let y = layer(x), w = layer.weight.value.scalars, b = layer.bias?.value.scalars ?? []
    #expect(y.shape == [2, 5, 3])
    for row in 0..<10 {
      for column in 0..<3 {
        let sum = (0..<6).reduce(b[column]) { $0 + x.scalars[row * 6 + $1] * w[column * 6 + $1] }
        #expect(abs(y.scalars[row * 3 + column] - sum) < 1e-5)
      }
    }
  }

  @Test("a layer can start without a bias, and adds a base where there is one")
  func biasAndBase() {
    var random = Random(seed: 2)
    let plain = Linear(from: 6, to: 3, hasBias: false, &random)
    #expect(plain.bias == nil && plain.parameters.map(\.path) == ["weight"])
    #expect(layer(x, onto: base).distance(to: layer(x) + base) < 1e-5)
  }

  @Test("an activation inside the product is that before it", arguments: Activation.allCases)
  func activation(_ activation: Activation) {
    #expect(layer(x, after: activation).distance(to: layer(x.activated(activation))) < 1e-5)
    #expect(
      layer(x, after: activation, onto: base).distance(to: layer(x.activated(activation)) + base) < 1e-5)
  }

  @Test("a gated activation inside the product is that before it")
  func gated() {
    var random = Random(seed: 3, samples: [0, 1])
    let gate = random.normal([2, 5, 6], "gate")
    let separate = layer(x.activated(.silu) * gate)
    #expect(layer(x, afterSwiGLU: gate).distance(to: separate) < 1e-5)
    #expect(layer(x, afterSwiGLU: gate, onto: base).distance(to: separate + base) < 1e-5)
  }

  @Test("a layer norm inside the product is that before it, with weights, without, and modulated")
  func normalized() {
    var random = Random(seed: 3, samples: [0, 1])
    let modulation = NormModulation(random.normal([2, 12], "modulation"), shiftOffset: 6, scaleOffset: 0)
    for isLearned in [true, false] {
      let norm = LayerNorm(6, isLearned: isLearned)
      norm.weight?.replace(Tensor([6], [1, 2, 3, 4, 5, 6]))
      norm.bias?.replace(Tensor([6], [6, 5, 4, 3, 2, 1]))
      #expect(layer(x, after: norm).distance(to: layer(norm(x))) < 1e-4)
      #expect(layer(x, after: norm, by: modulation).distance(to: layer(norm(x, by: modulation))) < 1e-4)
    }
  }

  @Test("a gated MLP has LlamaGen's hidden widths", arguments: [(768, 2048), (1024, 2816), (1280, 3584), (3200, 8704)])
  func hiddenWidth(_ width: Int, _ hidden: Int) {
    #expect(MLPActivation.swiglu.hiddenWidth(width, ratio: 4, multipleOf: 256) == hidden)
    #expect(MLPActivation.gelu.hiddenWidth(width, ratio: 4, multipleOf: 256) == 4 * width)
  }

  @Test("an embedding gives rows of its table, and gradients to those rows only")
  func embedding() {
    var random = Random(seed: 1)
    let table = Embedding(4, width: 2, role: .position, &random), weight = table.weight.value.scalars
    let rows = table([[3, 0], [3, 3]])
    #expect(rows.shape == [2, 2, 2] && table.weight.role == .position)
    #expect(rows.scalars == [6, 7, 0, 1, 6, 7, 6, 7].map { weight[$0] })
    #expect(rows.sum.gradients(of: [table.weight()])[0].scalars == [1, 1, 0, 0, 0, 0, 3, 3])
  }
}
