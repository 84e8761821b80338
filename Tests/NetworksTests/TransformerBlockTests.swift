import Networks
import Tensors
import Testing

/// A change of a block's design, and what a failure calls it.
struct DesignChange: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let apply: @Sendable (inout TransformerBlock.Design) -> Void

  init(_ name: String, _ apply: @escaping @Sendable (inout TransformerBlock.Design) -> Void) {
    testDescription = name
    self.apply = apply
  }

  static let forms = [
    DesignChange("plain") { _ in },
    DesignChange("l2") { $0.attention.norm = .l2 },
    DesignChange("layer") { $0.attention.norm = .layer },
    DesignChange("scale") { $0.attention.scale = 0.5 },
    DesignChange("no bias") { ($0.attention.bias, $0.attention.outputBias, $0.mlpBias) = (.none, false, false) },
    DesignChange("bias of queries and values") { $0.attention.bias = .queriesAndValues },
    DesignChange("gelu-tanh") { $0.activation = .geluTanh },
    DesignChange("swiglu") { $0.activation = .swiglu },
    DesignChange("rms") { $0.norm = .rms },
    DesignChange("adaptive") {
      ($0.adaptiveNorm, $0.gateDeviation, $0.modulationDeviation) = (.perBlock, 0.5, 0.5)
    },
    DesignChange("adaptive rms") {
      ($0.norm, $0.adaptiveNorm, $0.gateDeviation, $0.modulationDeviation) = (.rms, .perBlock, 0.5, 0.5)
    },
  ]
}

@Suite struct TransformerBlockTests {
  /// A block of width 16 with 2 heads, of a changed design.
  private func block(_ change: DesignChange, dropPath: Float = 0) -> TransformerBlock {
    var design = TransformerBlock.Design(width: 16, heads: 2, mlpWidth: 24), random = Random(seed: 5)
    change.apply(&design)
    return TransformerBlock(design, dropPath: dropPath, &random)
  }

  /// A conditioning vector [2, 16] where the design needs one.
  private func conditioning(_ block: TransformerBlock, _ random: inout Random) -> Tensor? {
    block.design.adaptiveNorm == .none ? nil : random.normal([2, 16], "conditioning")
  }

  @Test(
    "a block computed for some positions gives them and their gradients as one computed for all",
    arguments: DesignChange.forms)
  func someOutputs(_ change: DesignChange) {
    let block = block(change)
    var random = Random(seed: 6, samples: [0, 1]), none: Random?
    let grid = (0..<5).map { GridPosition(row: Float($0), column: 1) }
    let x = random.normal([2, 5, 16], "x").tracked, weights = random.normal([2, 2, 16], "w")
    let rotary = RotaryAngles([grid, grid], headWidth: 8, base: 100, zeroesUnpositioned: false)
    for rotation in [nil, rotary] {
      var inputs = AttentionInputs(rotation: rotation)
      let positions = [[0, 3], [4, 1]], vector = conditioning(block, &random)
      let all = block(x, inputs, conditioning: vector, &none).gathered(positions)
      inputs.queryPositions = positions
      let some = block(x, inputs, conditioning: vector, &none)
      #expect(some.distance(to: all) < 1e-5)
      let gradients = [all, some].map { ($0 * weights).sum.gradients(of: [x])[0] }
      #expect(gradients[0].distance(to: gradients[1]) < 1e-5 * max(1, gradients[0].scalars.map(abs).max() ?? 0))
    }
  }

  @Test("a block fed position by position with a cache gives what it gives all at once", arguments: DesignChange.forms)
  func caching(_ change: DesignChange) {
    let block = block(change)
    var random = Random(seed: 7, samples: [0, 1]), none: Random?
    let x = random.normal([2, 4, 16], "x"), vector = conditioning(block, &random)
    let grid = (0..<4).map { GridPosition(row: 0, column: Float($0)) }
    for isRotary in [false, true] {
      func rotation(_ range: Range<Int>) -> RotaryAngles? {
        let part = Array(grid[range])
        return isRotary ? RotaryAngles([part, part], headWidth: 8, base: 100, zeroesUnpositioned: false) : nil
      }
      let all = block(
        x, AttentionInputs(visible: [1, 2, 3, 4], rotation: rotation(0..<4)), conditioning: vector, &none)
      let cache = AttentionCache(capacity: 2)
      #expect(cache.isEmpty)
      for i in 0..<4 {
        let inputs = AttentionInputs(rotation: rotation(i..<i + 1), cache: cache.layer(0, count: i))
        let one = block(x.sliced(i..<i + 1, axis: 1), inputs, conditioning: vector, &none)
        #expect(one.distance(to: all.sliced(i..<i + 1, axis: 1)) < 1e-5, "position \(i)")
      }
      #expect(!cache.isEmpty)
    }
  }

  @Test("a position that is not visible changes nothing, one that is visible does", arguments: DesignChange.forms)
  func causal(_ change: DesignChange) {
    let block = block(change)
    var random = Random(seed: 8, samples: [0, 1]), none: Random?
    let x = random.normal([2, 3, 16], "x"), vector = conditioning(block, &random)
    var scalars = x.scalars
    scalars[2 * 16] += 1
    let inputs = AttentionInputs(visible: [1, 2, 3])
    let before = block(x, inputs, conditioning: vector, &none)
    let after = block(Tensor(x.shape, scalars), inputs, conditioning: vector, &none)
    #expect(before.sliced(0..<2, axis: 1).distance(to: after.sliced(0..<2, axis: 1)) == 0)
    #expect(before.sliced(2..<3, axis: 1).distance(to: after.sliced(2..<3, axis: 1)) > 1e-3)
  }

  @Test(
    "dropout acts in training only, and is the same for the same draws",
    arguments: [
      DesignChange("branches") { $0.dropout = 0.5 }, DesignChange("MLP") { $0.mlpDropout = 0.5 },
      DesignChange("gated MLP") { ($0.mlpDropout, $0.activation) = (0.5, .swiglu) },
      DesignChange("attention") { $0.attention.dropout = 0.5 },
    ])
  func dropout(_ change: DesignChange) {
    let block = block(change)
    var random = Random(seed: 4, samples: [0, 1])
    let x = random.normal([2, 3, 16], "x"), inputs = AttentionInputs(visible: [1, 2, 3])
    var none: Random?, some: Random? = random, again: Random? = random
    let evaluated = block(x, inputs, &none)
    #expect(block(x, inputs, &none).distance(to: evaluated) == 0)
    let dropped = block(x, inputs, &some)
    #expect(dropped.distance(to: evaluated) > 1e-3)
    #expect(block(x, inputs, &again).distance(to: dropped) == 0)
  }

  @Test("stochastic depth lets whole samples through unchanged")
  func dropPath() {
    let block = block(DesignChange("plain") { _ in }, dropPath: 0.9)
    var random = Random(seed: 9, samples: Array(0..<64)), none: Random?
    let x = random.normal([64, 2, 16], "x")
    var some: Random? = random
    let dropped = block(x, AttentionInputs(), &some), evaluated = block(x, AttentionInputs(), &none)
    let unchanged = (0..<64).count {
      dropped.sliced($0..<$0 + 1, axis: 0).distance(to: x.sliced($0..<$0 + 1, axis: 0)) == 0
    }
    // Both branches are dropped for 0.81 of the samples.
    #expect(unchanged > 40 && unchanged < 62)
    #expect(evaluated.distance(to: x) > 1e-3)
  }

  @Test("gates that start at zero make a block the identity", arguments: [AdaptiveNorms.perBlock, .shared])
  func gates(_ kind: AdaptiveNorms) {
    var design = TransformerBlock.Design(width: 8, heads: 2, mlpWidth: 16), random = Random(seed: 1), none: Random?
    (design.adaptiveNorm, design.gateDeviation, design.modulationDeviation) = (kind, 0, 0.1)
    let block = TransformerBlock(design, &random), x = random.normal([1, 3, 8], "x")
    let vector = kind == .shared ? Tensor(zeros: [1, 48]) : random.normal([1, 8], "vector")
    #expect(block(x, AttentionInputs(), conditioning: vector, &none).distance(to: x) == 0)
  }

  @Test("a shared adaLN layer and the block's offsets add up to one layer of its own")
  func sharedModulation() {
    func make(_ kind: AdaptiveNorms) -> TransformerBlock {
      var design = TransformerBlock.Design(width: 8, heads: 2, mlpWidth: 16), random = Random(seed: 1)
      (design.adaptiveNorm, design.gateDeviation, design.modulationDeviation) = (kind, 0.5, 0.5)
      return TransformerBlock(design, &random)
    }
    let perBlock = make(.perBlock), shared = make(.shared)
    var random = Random(seed: 2, samples: [0, 1]), none: Random?
    let x = random.normal([2, 3, 8], "x"), vector = random.normal([2, 8], "vector")
    guard case .perBlock(let layer) = perBlock.modulation, case .shared(let offsets) = shared.modulation else {
      Issue.record("the kinds of modulation are swapped")
      return
    }
    let chunks = layer(vector) - offsets.value.reshaped([48])
    #expect(
      shared(x, AttentionInputs(), conditioning: chunks, &none)
        .distance(to: perBlock(x, AttentionInputs(), conditioning: vector, &none)) < 1e-5)
  }

  @Test("without a conditioning vector an adaptive block is a block whose norms have no weights")
  func unconditioned() {
    let adaptive = block(DesignChange("adaptive") { $0.adaptiveNorm = .perBlock }),
      plain = block(DesignChange("") { _ in })
    var random = Random(seed: 2), none: Random?
    let x = random.normal([1, 3, 16], "x")
    // Norms of the plain block start with weight 1 and bias 0, and both draw the same weights.
    #expect(adaptive(x, AttentionInputs(), &none).distance(to: plain(x, AttentionInputs(), &none)) < 1e-6)
  }

  @Test("parameters of a block have the names and shapes of checkpoints", arguments: DesignChange.forms)
  func names(_ change: DesignChange) {
    let block = block(change), design = block.design, attention = design.attention
    var expected: [String: [Int]] = [
      "attention.qkv.weight": [48, 16], "attention.output.weight": [16, 16], "expand.weight": [24, 16],
      "contract.weight": [16, 24],
    ]
    if attention.bias == .all { expected["attention.qkv.bias"] = [48] }
    if attention.outputBias { expected["attention.output.bias"] = [16] }
    if attention.bias == .queriesAndValues {
      (expected["attention.queryBias"], expected["attention.valueBias"]) = ([16], [16])
    }
    if attention.norm == .l2 { expected["attention.sharpness"] = [2] }
    if attention.norm == .layer {
      for norm in ["queryNorm", "keyNorm"] {
        (expected["attention.\(norm).weight"], expected["attention.\(norm).bias"]) = ([8], [8])
      }
    }
    if design.mlpBias { (expected["expand.bias"], expected["contract.bias"]) = ([24], [16]) }
    if design.activation.hasGate { (expected["gate.weight"], expected["gate.bias"]) = ([24, 16], [24]) }
    if design.adaptiveNorm == .none {
      for norm in ["norm1", "norm2"] {
        expected["\(norm).weight"] = [16]
        if design.norm == .layer { expected["\(norm).bias"] = [16] }
      }
    } else {
      (expected["modulation.weight"], expected["modulation.bias"]) = ([96, 16], [96])
    }
    #expect(Dictionary(uniqueKeysWithValues: block.parameters.map { ($0.path, $0.parameter.value.shape) }) == expected)
  }

  @Test("a block without storage has shapes, and costs neither memory nor time")
  func withoutValues() {
    let design = TransformerBlock.Design(width: 4096, heads: 32, mlpWidth: 16_384), clock = ContinuousClock()
    var random = Random(seed: 1), count = 0
    // 200 million elements, none of them drawn.
    let time = clock.measure {
      let block = withoutStorage { TransformerBlock(design, &random) }
      count = block.parameters.reduce(0) { $0 + $1.parameter.value.count }
    }
    #expect(count == 12 * 4096 * 4096 + 13 * 4096)
    #expect(time < .seconds(1))
  }
}
