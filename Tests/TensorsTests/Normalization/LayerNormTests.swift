import Tensors
import Testing

/// (x - mean) / sqrt(variance + epsilon) along the last axis of [rows, width], from reductions.
func slowNormalized(_ x: Tensor, epsilon: Float = 1e-5) -> Tensor {
  let deviation = x - x.mean(axis: 1, keeping: true)
  return deviation / (deviation.squared.mean(axis: 1, keeping: true) + epsilon).squareRoot
}

/// Rows of a tensor [entries, width], each repeated.
private func repeated(_ x: Tensor, _ count: Int) -> Tensor {
  x.rows([(0..<x.shape[0] * count).map { $0 / count }]).reshaped([x.shape[0] * count, x.shape[1]])
}

@Suite struct LayerNormTests {
  /// Operands that are present: weight, bias, modulation.
  private static let variants: [(Bool, Bool, Bool)] = [
    (true, true, true), (true, true, false), (false, false, true), (false, false, false), (true, false, false),
    (false, true, false), (true, false, true), (false, true, true),
  ]

  @Test(
    "a layer norm is what its formula says with any operands, gradients included", arguments: variants.indices,
    [[5, 7], [70, 32], [130, 50]])
  func formula(_ variant: Int, shape: [Int]) {
    let (hasWeight, hasBias, isModulated) = Self.variants[variant], (rows, width) = (shape[0], shape[1])
    let inputs = [
      numbers([rows, width], 1), numbers([width], 2), numbers([width], 3), numbers([rows, 3 * width], 4),
    ]
    #expect(
      distance(
        inputs,
        {
          $0[0].layerNorm(
            hasWeight ? $0[1] : nil, hasBias ? $0[2] : nil, epsilon: 1e-5,
            modulation: isModulated ? NormModulation($0[3], shiftOffset: width, scaleOffset: 2 * width) : nil)
        },
        { t in
          var y = slowNormalized(t[0])
          if hasWeight { y = y * t[1] }
          if hasBias { y = y + t[2] }
          guard isModulated else { return y }
          let shift = t[3].sliced(width..<2 * width, axis: 1), scale = t[3].sliced(2 * width..<3 * width, axis: 1)
          return y * (scale + 1) + shift
        }) < 1e-4)
  }

  @Test("an entry of a modulation serves successive rows, equally many each", arguments: [1, 2, 35])
  func entries(_ rowsPerEntry: Int) {
    let width = 20, inputs = [numbers([70, width], 1), numbers([70 / rowsPerEntry, 2 * width], 2)]
    func modulated(_ x: Tensor, _ m: Tensor) -> Tensor {
      x.layerNorm(nil, nil, epsilon: 1e-5, modulation: NormModulation(m, shiftOffset: 0, scaleOffset: width))
    }
    #expect(
      distance(inputs, { modulated($0[0], $0[1]) }, { modulated($0[0], repeated($0[1], rowsPerEntry)) }) < 1e-4)
  }

  @Test("a layer norm has mean 0 and variance 1, whatever is added to a row or multiplies it", arguments: [9, 64])
  func statistics(_ width: Int) {
    let x = numbers([6, width], 1), y = x.layerNorm(nil, nil, epsilon: 1e-9)
    #expect(y.mean(axis: 1, keeping: false).scalars.allSatisfy { abs($0) < 1e-6 })
    #expect(y.squared.mean(axis: 1, keeping: false).scalars.allSatisfy { abs($0 - 1) < 1e-5 })
    #expect((x * 3 + 5).layerNorm(nil, nil, epsilon: 1e-9).distance(to: y) < 1e-5)
  }

  @Test("a constant row becomes the bias")
  func constantRow() {
    let weight = numbers([24], 2), bias = numbers([24], 3)
    let y = Tensor(repeating: 3, shape: [2, 24]).layerNorm(weight, bias, epsilon: 1e-5)
    #expect(y.distance(to: Tensor.concatenated([bias, bias], axis: 0).reshaped([2, 24])) < 1e-6)
  }

  @Test("a gate multiplies what is added to the residual, for one row or several of an entry", arguments: [1, 7])
  func gatedResidual(_ rowsPerEntry: Int) {
    let width = 18,
      inputs = [
        numbers([35, width], 1), numbers([35 / rowsPerEntry, 3 * width], 2), numbers([35, width], 3),
      ]
    #expect(
      distance(
        inputs, { $0[0].gated(by: $0[1], offset: width, residual: $0[2]) },
        { $0[2] + repeated($0[1].sliced(width..<2 * width, axis: 1), rowsPerEntry) * $0[0] }) < 1e-5)
  }

  @Test(
    "norm and gate add to one gradient of the tensor that holds shift, scale and gate",
    arguments: [[5, 7], [130, 50]])
  func adaptiveBlock(shape: [Int]) {
    let (rows, width) = (shape[0], shape[1])
    let inputs = [numbers([rows, width], 1), numbers([rows, 3 * width], 2), numbers([rows, width], 3)]
    #expect(
      distance(
        inputs,
        {
          $0[0].layerNorm(
            nil, nil, epsilon: 1e-5, modulation: NormModulation($0[1], shiftOffset: 0, scaleOffset: width)
          ).gated(by: $0[1], offset: 2 * width, residual: $0[2])
        },
        { t in
          let parts = (0..<3).map { t[1].sliced($0 * width..<($0 + 1) * width, axis: 1) }
          return t[2] + parts[2] * (slowNormalized(t[0]) * (parts[1] + 1) + parts[0])
        }) < 1e-4)
  }
}
