import Glibc
import Tensors
import Testing

/// Operations that do several things on one way through memory, beside those things one after another.
@Suite struct FusedTests {
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
    "few rows without a gradient give the results of those with one, after an activation, a gate or a norm",
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
