import Networks
import Tensors

/// A logit for each patch of an image, positive where it looks real (PatchGAN; Isola et al. 2016, arXiv 1611.07004):
/// [batch, height, width, 3] to [batch, rows, columns, 1].
package struct Discriminator: Module {
  /// 4x4 kernels; all but the last two have stride 2.
  let convolutions: [Convolution2D]
  /// Batch norms after all convolutions but the first and the last.
  let norms: [BatchNorm]

  init(width: Int, layers: Int, _ random: inout Random) {
    let widths = [3] + (0...layers).map { width * min(8, 1 << $0) } + [1]
    convolutions = (0..<widths.count - 1).map { index in
      let weight = Initialization.normal(standardDeviation: 0.02)([widths[index + 1], 4, 4, widths[index]], &random)
      return Convolution2D(weight: weight, stride: index < layers ? 2 : 1, padding: .all(1))
    }
    norms = widths[2..<widths.count - 1].map { BatchNorm($0) }
  }

  func callAsFunction(_ images: Tensor) -> Tensor {
    var x = images
    for (index, convolution) in convolutions.enumerated() {
      x = convolution(x)
      if (1...norms.count).contains(index) { x = norms[index - 1](x) }
      // Leaky ReLU with a negative gradient of 0.2: 0.8 relu(x) + 0.2 x.
      if index < convolutions.count - 1 { x = x.activated(.relu) * 0.8 + x * 0.2 }
    }
    return x
  }
}

/// Batch normalization: each channel with mean 0 and variance 1 over the batch (Ioffe and Szegedy 2015, arXiv
/// 1502.03167), then an affine map. Without running statistics, for networks that are only trained.
struct BatchNorm: Module {
  let weight: Parameter
  let bias: Parameter

  init(_ channels: Int) {
    weight = Parameter(Tensor(repeating: 1, shape: [channels]), role: .gain)
    bias = Parameter(Tensor(zeros: [channels]), role: .bias)
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let channels = x.shape[3], rows = x.reshaped([x.count / channels, channels])
    let centred = rows - rows.mean(axis: 0), deviation = (centred.squared.mean(axis: 0) + 1e-5).squareRoot
    return (centred * (weight() / deviation) + bias()).reshaped(x.shape)
  }
}
