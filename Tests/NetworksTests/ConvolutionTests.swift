import Networks
import Tensors
import Testing

@Suite struct ConvolutionTests {
  private var image: Tensor {
    var random = Random(seed: 1, samples: [0, 1])
    return random.normal([2, 5, 4, 4], "x")
  }

  @Test("a convolution is the sum over its kernel, with zeros outside")
  func values() {
    var random = Random(seed: 2)
    let layer = Convolution2D(from: 4, to: 3, kernel: 3, &random), y = layer(image)
    layer.bias.replace(Tensor([3], [1, 2, 3]))
    let x = image.scalars, w = layer.weight.value.scalars
    #expect(y.shape == [2, 5, 4, 3] && layer.weight.value.shape == [3, 3, 3, 4])
    func sum(_ sample: Int, _ row: Int, _ column: Int, _ out: Int) -> Float {
      var sum: Float = 0
      for i in 0..<3 {
        for j in 0..<3 where (0..<5).contains(row + i - 1) && (0..<4).contains(column + j - 1) {
          for channel in 0..<4 {
            let pixel = (sample * 5 + row + i - 1) * 4 + column + j - 1
            sum += x[pixel * 4 + channel] * w[((out * 3 + i) * 3 + j) * 4 + channel]
          }
        }
      }
      return sum
    }
    let withBias = layer(image).scalars
    for (sample, row, column, out) in [(0, 0, 0, 0), (0, 2, 1, 1), (1, 4, 3, 2), (1, 0, 3, 0)] {
      let index = ((sample * 5 + row) * 4 + column) * 3 + out
      #expect(abs(y.scalars[index] - sum(sample, row, column, out)) < 1e-4)
      #expect(abs(withBias[index] - y.scalars[index] - Float(out + 1)) < 1e-4)
    }
  }

  @Test("stride and padding set the size of the output", arguments: [(3, 1, 5, 4), (3, 2, 3, 2), (1, 1, 5, 4)])
  func sizes(_ kernel: Int, _ stride: Int, _ height: Int, _ width: Int) {
    var random = Random(seed: 2)
    #expect(
      Convolution2D(from: 4, to: 2, kernel: kernel, stride: stride, &random)(image).shape == [2, height, width, 2])
    #expect(Convolution2D(from: 4, to: 2, kernel: 3, padding: .all(0), &random)(image).shape == [2, 3, 2, 2])
  }

  @Test("a residual block whose last convolution is zero is its input, or the shortcut of it")
  func residual() {
    var random = Random(seed: 2)
    let same = ResidualBlock(from: 4, to: 4, groups: 2, &random),
      wider = ResidualBlock(from: 4, to: 6, groups: 2, &random)
    #expect(same.shortcut == nil && wider(image).shape == [2, 5, 4, 6])
    #expect(same(image).distance(to: image) > 1e-3)
    for block in [same, wider] { block.second.weight.replace(Tensor(zeros: block.second.weight.value.shape)) }
    #expect(same(image).distance(to: image) == 0)
    #expect(wider(image).distance(to: wider.shortcut?(image) ?? image) < 1e-6)
    #expect(wider.parameters.map(\.path).contains("shortcut.weight"))
  }

  @Test("a residual block is convolutions after norms and SiLU")
  func branch() {
    var random = Random(seed: 2)
    let block = ResidualBlock(from: 4, to: 4, groups: 2, &random)
    let hidden = block.first(block.norm1(image).activated(.silu))
    #expect(block(image).distance(to: image + block.second(block.norm2(hidden).activated(.silu))) < 1e-4)
  }

  @Test("spatial attention moves with its pixels, and without output is the identity")
  func spatialAttention() {
    var random = Random(seed: 2)
    let block = SpatialAttention(4, groups: 2, &random), x = image, y = block(x)
    #expect(y.shape == x.shape && y.distance(to: x) > 1e-4)
    // Attention has no positions: pixels in reverse order give outputs in reverse order.
    func reversed(_ x: Tensor) -> Tensor {
      x.reshaped([2, 20, 4]).gathered(Array(repeating: Array((0..<20).reversed()), count: 2)).reshaped(x.shape)
    }
    #expect(block(reversed(x)).distance(to: reversed(y)) < 1e-5)
    block.output.weight.replace(Tensor(zeros: block.output.weight.value.shape))
    #expect(block(x).distance(to: x) == 0)
  }
}
