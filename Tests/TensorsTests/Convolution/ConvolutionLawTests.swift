import Tensors
import Testing

/// Properties of a linear operation that commutes with translations.
@Suite struct ConvolutionLawTests {
  @Test("a kernel that is one at its center copies the image", arguments: [3, 32])
  func identity(_ channels: Int) {
    // [out, 3, 3, in]: channel o of the center looks at channel o of the image.
    let size = 9 * channels
    let kernel = Tensor(
      [channels, 3, 3, channels],
      (0..<channels * size).map { $0 % size == 4 * channels + $0 / size ? 1 : 0 })
    let x = numbers([2, 6, 7, channels], 1)
    #expect(x.convolved(kernel, nil, padding: .all(1)).distance(to: x) < 1e-5)
  }

  @Test("Winograd's tiles give the sum of convolutions with few channels, which go window by window")
  func winogradBesideWindows() {
    let x = numbers([2, 9, 10, 64], 1), w = numbers([48, 3, 3, 64], 2), bias = numbers([48], 3)
    let parts = (0..<4).map { part in
      let channels = 16 * part..<16 * part + 16
      return x.sliced(channels, axis: 3).convolved(
        w.sliced(channels, axis: 3), part == 0 ? bias : nil, padding: .all(1))
    }
    let sum = parts[0] + parts[1] + parts[2] + parts[3]
    #expect(x.convolved(w, bias, padding: .all(1)).distance(to: sum) < 2e-4)
  }

  @Test("an image that moves by a pixel moves the result by a pixel", arguments: [5, 32])
  func translation(_ channels: Int) {
    let x = numbers([1, 8, 8, channels], 1), w = numbers([channels, 3, 3, channels], 2)
    func inner(_ rows: Range<Int>, _ columns: Range<Int>) -> Tensor {
      x.sliced(rows, axis: 1).sliced(columns, axis: 2).convolved(w, nil, padding: .all(0))
    }
    // Windows of the image without its first row and column are windows of the whole image.
    let whole = inner(0..<8, 0..<8).sliced(1..<6, axis: 1).sliced(1..<6, axis: 2)
    #expect(inner(1..<8, 1..<8).distance(to: whole) < 1e-4)
  }

  @Test(
    "a convolution is linear in image and kernel: each gradient times its operand is the result",
    arguments: [[4, 6, 3, 1], [5, 3, 3, 2], [32, 32, 3, 1], [3, 7, 5, 3]])
  func adjoint(sizes: [Int]) {
    let (i, o, k, stride) = (sizes[0], sizes[1], sizes[2], sizes[3])
    let x = numbers([3, 9, 8, i], 1).tracked, w = numbers([o, k, k, i], 2).tracked
    let y = x.convolved(w, nil, stride: stride, padding: .all(1)), projection = (y * numbers(y.shape, 3)).sum
    let gradients = projection.gradients(of: [x, w]), size = (y * numbers(y.shape, 3)).squared.sum.squareRoot.scalar
    for (gradient, operand) in zip(gradients, [x, w]) {
      // Relative to the root of the sum of squares of all terms.
      #expect(abs((gradient * operand).sum.scalar - projection.scalar) < 1e-4 * size)
    }
  }

  @Test("a batch is convolved sample by sample", arguments: [4, 32])
  func samples(_ channels: Int) {
    let x = numbers([5, 6, 5, channels], 1), w = numbers([32, 3, 3, channels], 2)
    let all = x.convolved(w, nil, padding: .all(1))
    for sample in [0, 3] {
      let alone = x.sliced(sample..<sample + 1, axis: 0).convolved(w, nil, padding: .all(1))
      #expect(all.sliced(sample..<sample + 1, axis: 0).distance(to: alone) == 0)
    }
  }

  @Test("the number of threads changes no bit of a convolution and its gradients", arguments: [6, 32])
  func threads(_ channels: Int) {
    func bits(_ count: Int) -> [[UInt32]] {
      ThreadPool.shared.use(count)
      defer { ThreadPool.shared.use(ThreadPool.shared.width) }
      let x = numbers([11, 7, 6, channels], 1).tracked, w = numbers([32, 3, 3, channels], 2).tracked
      let y = x.convolved(w, nil, padding: .all(1))
      return ([y] + (y * numbers(y.shape, 3)).sum.gradients(of: [x, w])).map { $0.scalars.map(\.bitPattern) }
    }
    #expect(bits(1) == bits(ThreadPool.shared.width))
  }
}
