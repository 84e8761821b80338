import Glibc
import Networks
import Tensors
import Testing

@Suite struct BlockTests {
  @Test("turned queries and keys know how far apart they are, not where")
  func relative() {
    var random = Random(seed: 1)
    let q = random.normal([1, 1, 8], "q"), k = random.normal([1, 1, 8], "k")
    func score(_ a: Spot?, _ b: Spot?, isZero: Bool = false) -> Float {
      func turned(_ x: Tensor, _ spot: Spot?) -> Tensor {
        let rotation = RotaryAngles([[spot]], headWidth: 8, base: 10_000, isZeroWhereNone: isZero)
        return x.rotated(by: rotation, heads: 1)
      }
      return (turned(q, a) * turned(k, b)).sum.scalar
    }
    let near = score(Spot(row: 0, column: 0), Spot(row: 1, column: 2))
    #expect(abs(score(Spot(row: 4, column: 3), Spot(row: 5, column: 5)) - near) < 1e-5)
    #expect(abs(score(Spot(row: 4, column: 3), Spot(row: 5, column: 6)) - near) > 1e-3)
    #expect(abs(score(nil, nil) - (q * k).sum.scalar) < 1e-6)
    #expect(score(nil, Spot(row: 1, column: 1), isZero: true) == 0)
  }

  @Test("fixed positions tell spots apart and say nothing where there is none")
  func fixed() {
    let spots = (0..<6).map { Spot(row: Float($0 / 3), column: Float($0 % 3)) }
    let all = Tensor.sineCosine([spots + [nil]], width: 16).scalars
    let rows = (0..<7).map { Array(all[$0 * 16..<$0 * 16 + 16]) }
    #expect(Set(rows).count == 7 && rows[6].allSatisfy { $0 == 0 })
    // Column 1: the first quarter are sines, the fastest of one cell a radian.
    #expect(abs(rows[1][0] - sinf(1)) < 1e-6 && abs(rows[3][8] - sinf(1)) < 1e-6)
  }

  @Test("gated perceptrons have LlamaGen's widths", arguments: [(768, 2048), (1024, 2816), (1280, 3584), (3200, 8704)])
  func hidden(_ width: Int, _ hidden: Int) {
    #expect(MLPActivation.swiglu.hiddenWidth(width, ratio: 4, multipleOf: 256) == hidden)
    #expect(MLPActivation.gelu.hiddenWidth(width, ratio: 4, multipleOf: 256) == 4 * width)
  }

  @Test("whole samples pass by a block as often as asked, and the mean stays")
  func dropPath() {
    var random: Random? = Random(seed: 3, samples: Array(0..<2000))
    let kept = Tensor(repeating: 1, shape: [2000, 2, 3]).pathDropped(0.25, &random).scalars
    let samples = (0..<2000).map { Set(kept[$0 * 6..<$0 * 6 + 6]) }
    #expect(samples.allSatisfy { $0 == [0] || $0 == [4.0 / 3] })
    #expect(abs(Float(samples.count { $0 == [0] }) / 2000 - 0.25) < 0.04)
    var none: Random?
    #expect(Tensor(repeating: 1, shape: [2, 1]).pathDropped(0.25, &none).scalars == [1, 1])
  }

  @Test("dropping acts in training only, each kind of it")
  func dropping() {
    for change: (inout TransformerBlock.Design) -> Void in [
      { $0.dropout = 0.5 }, { $0.hiddenDropout = 0.5 }, { $0.attention.dropout = 0.5 },
    ] {
      var design = TransformerBlock.Design(width: 8, heads: 2, hidden: 16), random = Random(seed: 4, samples: [0, 1])
      change(&design)
      var weights = Random(seed: 1)
      let block = TransformerBlock(design, &weights), x = random.normal([2, 3, 8], "x")
      let around = TransformerBlock.Surroundings(visible: [1, 2, 3])
      var none: Random?, some: Random? = random
      let still = block(x, around, layer: 0, &none)
      #expect(block(x, around, layer: 0, &none).distance(to: still) == 0)
      #expect(block(x, around, layer: 0, &some).distance(to: still) > 1e-3)
    }
  }

  @Test("gates that begin at zero let a block begin as nothing", arguments: [AdaptiveNorms.perBlock, .shared])
  func gates(_ kind: AdaptiveNorms) {
    var design = TransformerBlock.Design(width: 8, heads: 2, hidden: 16), random = Random(seed: 1), none: Random?
    (design.adaptive, design.gateDeviation, design.shiftDeviation) = (kind, 0, 0.1)
    let block = TransformerBlock(design, &random), x = random.normal([1, 3, 8], "x")
    let told = kind == .shared ? Tensor(zeros: [1, 48]) : random.normal([1, 8], "told")
    let around = TransformerBlock.Surroundings(visible: nil, told: told)
    #expect(block(x, around, layer: 0, &none).distance(to: x) == 0)
  }

  @Test("a block worked out for some places gives them, and their gradients, what it gives all")
  func wanted() {
    for change: (inout TransformerBlock.Design) -> Void in [
      { _ in }, { $0.attention.norm = .l2 }, { $0.attention.norm = .layer }, { $0.attention.scale = 0.5 },
      { $0.perceptron = .swiglu }, { $0.norm = .rms },
      { ($0.adaptive, $0.gateDeviation, $0.shiftDeviation) = (.perBlock, 0.5, 0.5) },
    ] {
      var design = TransformerBlock.Design(width: 16, heads: 2, hidden: 24), random = Random(seed: 5), none: Random?
      change(&design)
      let block = TransformerBlock(design, &random)
      var numbers = Random(seed: 6, samples: [0, 1])
      let spots = (0..<5).map { Spot(row: Float($0), column: 1) }
      let x = numbers.normal([2, 5, 16], "x").tracked, weights = numbers.normal([2, 2, 16], "w")
      let rotation = RotaryAngles([spots, spots], headWidth: 8, base: 100, isZeroWhereNone: false)
      for rotation in [nil, rotation] {
        var around = TransformerBlock.Surroundings(
          visible: nil, rotation: rotation, told: design.adaptive == .none ? nil : numbers.normal([2, 16], "told"))
        let places = [[0, 3], [4, 1]], all = block(x, around, layer: 0, &none).gathered(places)
        around.wanted = places
        let some = block(x, around, layer: 0, &none)
        #expect(some.distance(to: all) < 1e-5)
        let slopes = [all, some].map { ($0 * weights).sum.gradients(of: [x])[0] }
        #expect(slopes[0].distance(to: slopes[1]) < 1e-5 * max(1, slopes[0].scalars.map(abs).max() ?? 0))
      }
    }
  }

  @Test("parameters without numbers have shapes, and cost no memory")
  func outline() {
    let design = TransformerBlock.Design(width: 4096, heads: 32, hidden: 16_384)
    var random = Random(seed: 1)
    // 200 million numbers, drawn in no time.
    let clock = ContinuousClock()
    var count = 0
    let time = clock.measure {
      let block = withoutStorage { TransformerBlock(design, &random) }
      count = block.parameters.reduce(0) { $0 + $1.parameter.value.count }
    }
    #expect(count == 12 * 4096 * 4096 + 13 * 4096)
    #expect(time < .seconds(1))
  }
}
