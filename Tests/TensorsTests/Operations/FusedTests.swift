import Glibc
import Tensors
import Testing

/// Operations that do several things on one way through memory, beside those things one after another.
@Suite struct FusedTests {
  /// Rows, heads, width of a head, whether rows see only those before them.
  @Test(
    "attention that turns is turning, then attention",
    arguments: [[7, 2, 8, 0], [80, 1, 32, 0], [33, 3, 20, 1], [2, 2, 16, 0], [64, 2, 32, 1], [5, 1, 6, 0]])
  func turning(of: [Int]) {
    let (n, heads, d) = (of[0], of[1], of[2]), visible = of[3] == 0 ? nil : Array(1...n)
    let angles = numbers([2, n, d / 2], 2).scalars
    let (c, s) = (
      Tensor([2, n, d / 2], angles.map { cosf(9 * $0) }), Tensor([2, n, d / 2], angles.map { sinf(9 * $0) })
    )
    #expect(
      distance(
        [numbers([2, n, 3 * heads * d], 1)],
        { $0[0].selfAttention(heads: heads, visible: visible, rotary: RotaryAngles(cosines: c, sines: s)) },
        {
          $0[0].rotated(by: RotaryAngles(cosines: c, sines: s), heads: 3 * heads, rotatedHeads: 2 * heads)
            .selfAttention(heads: heads, visible: visible)
        }) < 1e-4)
  }

  @Test("turned back, pairs are what they were, and heads that stay do so", arguments: [6, 16, 20, 40])
  func turnedBack(_ d: Int) {
    let x = numbers([2, 3, 3 * d], 1), angles = numbers([2, 3, d / 2], 2).scalars
    let (c, s) = (Tensor([2, 3, d / 2], angles.map(cosf)), Tensor([2, 3, d / 2], angles.map(sinf)))
    let turned = x.rotated(by: RotaryAngles(cosines: c, sines: s), heads: 3, rotatedHeads: 2),
      (a, b) = (x.scalars, turned.scalars)
    let (cosines, sines) = (c.scalars, s.scalars)
    for (at, value) in b.enumerated() {
      let row = at / (3 * d), place = at % (3 * d), pair = row * d / 2 + place % d / 2
      let (own, other) = (a[at], a[at ^ 1]), sine = at % 2 == 0 ? -sines[pair] : sines[pair]
      let expected = place < 2 * d ? own * cosines[pair] + other * sine : own
      #expect(abs(value - expected) < 1e-5)
    }
    #expect(
      turned.rotated(by: RotaryAngles(cosines: c, sines: s * -1), heads: 3, rotatedHeads: 2).distance(to: x) < 1e-5)
  }

  @Test(
    "heads that are sized are parts made one long, queries then as long as they should be",
    arguments: [[5, 2, 8], [70, 3, 20], [9, 1, 32]])
  func sizing(of: [Int]) {
    let (n, heads, d) = (of[0], of[1], of[2]), w = heads * d
    #expect(
      distance(
        [numbers([2, n, 3 * w], 1), numbers([heads], 2)], { $0[0].queryKeyNormalized(queryScales: $0[1]) },
        { t in
          let parts = (0..<3).map { t[0].sliced($0 * w..<($0 + 1) * w, axis: 2).reshaped([2 * n, heads, d]) }
          let queries = parts[0].normalized() * t[1].reshaped([heads, 1])
          return Tensor.concatenated(
            [queries, parts[1].normalized(), parts[2]].map { $0.reshaped([2, n, w]) }, axis: 2)
        }) < 1e-4)
    // A head of zeros has no direction: it stays zero, and its gradient is finite.
    let none = Tensor(zeros: [1, 1, 3 * w]).tracked,
      y = none.queryKeyNormalized(queryScales: Tensor(repeating: 2, shape: [heads]))
    #expect(y.scalars.allSatisfy { $0 == 0 })
    #expect(y.squared.sum.gradients(of: [none])[0].scalars.allSatisfy { $0 == 0 })
  }

  /// Few numbers, and more than are multiplied at once.
  @Test("a linear layer after a gate is both, one after the other, onto a base or not", arguments: [40, 600])
  func gate(width: Int) {
    let inputs = [[70, width], [70, width], [20, width], [20], [70, 20]].enumerated().map {
      numbers($1, UInt64($0 + 1))
    }
    #expect(
      distance(
        inputs, { $0[0].linear(afterSwiGLU: $0[1], $0[2], $0[3], onto: $0[4]) },
        { $0[4] + $0[0].swiGLU($0[1]).linear($0[2], $0[3]) }) < 1e-4)
    #expect(
      distance(
        Array(inputs.prefix(3)), { $0[0].linear(afterSwiGLU: $0[1], $0[2]) },
        { $0[0].swiGLU($0[1]).linear($0[2]) }) < 1e-4)
  }

  /// Few numbers, and more than are multiplied at once.
  @Test(
    "a linear layer onto a base is the layer, then the sum", arguments: [[5, 40, 20], [70, 600, 33], [7, 30, 90]])
  func base(of: [Int]) {
    let (rows, width, outputs) = (of[0], of[1], of[2])
    let inputs = [[rows, width], [outputs, width], [outputs], [rows, outputs]].enumerated().map {
      numbers($1, UInt64($0 + 1))
    }
    #expect(
      distance(inputs, { $0[0].linear($0[1], $0[2], onto: $0[3]) }, { $0[3] + $0[0].linear($0[1], $0[2]) }) < 1e-4)
    #expect(
      distance(
        inputs, { $0[0].linear(afterActivation: .gelu, $0[1], onto: $0[3]) + $0[2] },
        { $0[3] + $0[0].activated(.gelu).linear($0[1], $0[2]) }) < 1e-4)
  }

  @Test(
    "few rows without a gradient are bent, gated, normed and added to as those with one",
    arguments: [1, 4, 13, 16, 17, 40, 64, 300])
  func fewRows(_ rows: Int) {
    let x = numbers([rows, 33], 1), w = numbers([70, 33], 2), b = numbers([70], 3), base = numbers([rows, 70], 4)
    let gate = numbers([rows, 33], 5), (scale, shift) = (numbers([33], 6), numbers([33], 7)), t = w.tracked
    for (few, many) in [
      (x.linear(w, b, onto: base), x.linear(t, b, onto: base)),
      (x.linear(afterActivation: .silu, w, b, onto: base), x.linear(afterActivation: .silu, t, b, onto: base)),
      (x.linear(afterSwiGLU: gate, w, b), x.linear(afterSwiGLU: gate, t, b)),
      (
        x.linear(afterNorm: scale, shift, epsilon: 1e-5, w, b), x.linear(afterNorm: scale, shift, epsilon: 1e-5, t, b)
      ),
    ] {
      #expect(few.distance(to: many) < 1e-5)
    }
  }
}
