import Tensors
import Testing

/// Window by window: slices of the padded images, then one product; images, kernel and bias.
private func slowConvolution(_ t: [Tensor], stride: Int, padding: Padding) -> Tensor {
  func padded(_ x: Tensor, _ axis: Int, _ before: Int, _ after: Int) -> Tensor {
    func zeros(_ count: Int) -> [Tensor] {
      var shape = x.shape
      shape[axis] = count
      return count > 0 ? [Tensor(zeros: shape)] : []
    }
    return Tensor.concatenated(zeros(before) + [x] + zeros(after), axis: axis)
  }
  let images = padded(padded(t[0], 1, padding.top, padding.bottom), 2, padding.left, padding.right)
  let (outputs, h, w, inputs) = (t[1].shape[0], t[1].shape[1], t[1].shape[2], t[1].shape[3]), batch = t[0].shape[0]
  let rows = (images.shape[1] - h) / stride + 1, columns = (images.shape[2] - w) / stride + 1
  var windows: [Tensor] = []
  for y in 0..<rows {
    for x in 0..<columns {
      let window = images.sliced(y * stride..<y * stride + h, axis: 1).sliced(x * stride..<x * stride + w, axis: 2)
      windows.append(window.reshaped([batch, 1, h * w * inputs]))
    }
  }
  let matrix = Tensor.concatenated(windows, axis: 1).reshaped([batch * rows * columns, h * w * inputs])
  let products = matrix.product(t[1].reshaped([outputs, h * w * inputs]).transposed) + t[2]
  return products.reshaped([batch, rows, columns, outputs])
}

@Suite struct ConvolutionTests {
  /// Image height, width, channels in and out, kernel, stride, padding.
  @Test(
    "a convolution is a sum over its windows, gradients included",
    arguments: [
      [6, 7, 3, 5, 3, 1, 1], [8, 8, 16, 16, 3, 1, 1], [9, 8, 4, 20, 3, 2, 1], [5, 5, 70, 3, 1, 1, 0],
      [7, 6, 2, 66, 2, 1, 0], [8, 9, 5, 4, 3, 3, 2], [6, 6, 17, 18, 5, 1, 2],
      // Winograd's tiles of 2x2 outputs: odd and even sizes, more and fewer channels than a panel has.
      [8, 8, 32, 32, 3, 1, 1], [7, 9, 32, 80, 3, 1, 1], [5, 4, 96, 32, 3, 1, 0], [3, 30, 48, 64, 3, 1, 2],
    ])
  func matchesWindows(sizes: [Int]) {
    let (h, w, i, o, k, stride) = (sizes[0], sizes[1], sizes[2], sizes[3], sizes[4], sizes[5])
    let padding = Padding.all(sizes[6])
    let inputs = [numbers([2, h, w, i], 1), numbers([o, k, k, i], 2), numbers([o], 3)]
    #expect(
      distance(
        inputs, { $0[0].convolved($0[1], $0[2], stride: stride, padding: padding) },
        { slowConvolution($0, stride: stride, padding: padding) }) < 1e-4)
  }

  @Test(
    "zeros on some sides only, and kernels that are not square",
    arguments: [
      (Padding.belowRight, [3, 3], 2), (Padding(top: 2, bottom: 0, left: 1, right: 3), [2, 4], 1),
      (Padding(top: 0, bottom: 1, left: 2, right: 0), [3, 3], 1), (Padding.all(0), [1, 3], 1),
    ])
  func asymmetric(padding: Padding, kernel: [Int], stride: Int) {
    let inputs = [numbers([2, 6, 7, 4], 1), numbers([5] + kernel + [4], 2), numbers([5], 3)]
    #expect(
      distance(
        inputs, { $0[0].convolved($0[1], $0[2], stride: stride, padding: padding) },
        { slowConvolution($0, stride: stride, padding: padding) }) < 1e-4)
  }

  @Test("Winograd's tiles cover images whose sides are one and two outputs", arguments: [1, 2, 3])
  func smallImages(_ side: Int) {
    let inputs = [numbers([3, side, side, 32], 1), numbers([32, 3, 3, 32], 2), numbers([32], 3)]
    #expect(
      distance(
        inputs, { $0[0].convolved($0[1], $0[2], padding: .all(1)) },
        { slowConvolution($0, stride: 1, padding: .all(1)) }) < 1e-4)
  }

  @Test("without a bias nothing is added", arguments: [[3, 5, 3], [32, 32, 3], [6, 4, 1]])
  func noBias(sizes: [Int]) {
    let (i, o, k) = (sizes[0], sizes[1], sizes[2]), padding = Padding.all(k / 2)
    let x = numbers([1, 6, 5, i], 1), w = numbers([o, k, k, i], 2)
    let zeros = x.convolved(w, Tensor(zeros: [o]), padding: padding)
    #expect(x.convolved(w, nil, padding: padding).distance(to: zeros) < 1e-6)
  }

  @Test("more samples than parts of a sum give the gradient of each sample, added up")
  func manySamples() {
    let x = numbers([19, 4, 5, 3], 1), w = numbers([4, 3, 3, 3], 2)
    func gradient(_ x: Tensor) -> Tensor {
      let w = w.tracked
      return x.convolved(w, nil, padding: .all(1)).squared.sum.gradients(of: [w])[0]
    }
    let sum = (0..<19).map { gradient(x.sliced($0..<$0 + 1, axis: 0)) }.reduce(Tensor(zeros: w.shape)) { $0 + $1 }
    #expect(gradient(x).distance(to: sum) < 1e-3)
  }

  @Test("upsampling by two repeats every pixel, and its gradient sums over the copies")
  func upsampling() {
    let x = numbers([2, 3, 4, 5], 1)
    #expect(
      distance(
        [x], { $0[0].upsampled2x },
        { t in
          let columns = t[0].reshaped([2 * 3 * 4, 1, 5]) + Tensor(zeros: [1, 2, 1])
          return (columns.reshaped([2 * 3, 1, 8 * 5]) + Tensor(zeros: [1, 2, 1])).reshaped([2, 6, 8, 5])
        }) < 1e-6)
  }
}
