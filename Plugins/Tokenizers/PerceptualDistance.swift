import Autoregression
import Settings
import Storage
import Tensors

/// The perceptual distance LPIPS over VGG16 (Zhang et al. 2018, arXiv 1801.03924; Simonyan and Zisserman 2014, arXiv
/// 1409.1556). The network is fixed and supplied by the user.
///
/// The HDF5 file holds the state_dict of `lpips.LPIPS(net="vgg")`, one data set per tensor by its name:
/// `scaling_layer.shift` and `.scale` [1, 3, 1, 1]; for each convolution of VGG16, `net.slice1.0`, `.2`,
/// `net.slice2.5`, `.7`, `net.slice3.10`, `.12`, `.14`, `net.slice4.17`, `.19`, `.21`, `net.slice5.24`, `.26`, `.28`,
/// a `.weight` [out, in, 3, 3] and a `.bias` [out]; and `lin0.model.1.weight` to `lin4` [1, channels, 1, 1].
/// Channels are those of the file: 64, 128, 256, 512 and 512 in VGG16.
package struct PerceptualDistance: Sendable {
  /// A 3x3 convolution.
  private struct Layer {
    /// [out, 3, 3, in]
    var weight: Tensor
    /// [out]
    var bias: Tensor
  }
  /// Mean and standard deviation of the colour channels, [3] each.
  private let shift: Tensor
  private let scale: Tensor
  /// Convolutions between poolings: before each slice but the first the image is halved.
  private let slices: [[Layer]]
  /// Weights of the channels of each slice, [channels].
  private let importance: [Tensor]

  /// Numbers of the layers in `torchvision.models.vgg16().features`.
  private static let numbers = [[0, 2], [5, 7], [10, 12, 14], [17, 19, 21], [24, 26, 28]]

  init(_ file: String?, images: ImageShape, _ settings: Settings) throws(SettingsError) {
    guard let file else {
      throw settings.refusal(
        "the perceptual distance needs a trained network; let 'network' name an HDF5 file "
          + "that holds the state_dict of lpips.LPIPS(net=\"vgg\"), one data set per tensor by its own name, "
          + "or let 'weight' be 0.",
        at: "weight")
    }
    guard min(images.height, images.width) >= 16 else {
      throw settings.refusal(
        "images of \(images.height)x\(images.width) are too small for the perceptual distance, whose network "
          + "halves them four times; use 16x16 or larger.",
        at: "weight")
    }
    do { try self.init(file: file) } catch { throw settings.refusal("\(error)", at: "network") }
  }

  /// Reads the network; throws where a tensor is missing or has another shape.
  package init(file: String) throws(StorageError) {
    let reader = try Reader(file)
    func read(_ name: String, _ expected: [Int]) throws(StorageError) -> Tensor {
      let found = try reader.shape(of: name)
      guard found == expected else { throw .wrongShape(path: file, name: name, found: found, wanted: expected) }
      return try reader.tensor(name)
    }
    shift = try read("scaling_layer.shift", [1, 3, 1, 1]).reshaped([3])
    scale = try read("scaling_layer.scale", [1, 3, 1, 1]).reshaped([3])
    var channels = 3, slices: [[Layer]] = [], importance: [Tensor] = []
    for (index, numbers) in Self.numbers.enumerated() {
      var layers: [Layer] = []
      for number in numbers {
        let name = "net.slice\(index + 1).\(number)", outputs = try reader.shape(of: "\(name).weight").first ?? 0
        layers.append(
          Layer(
            weight: try read("\(name).weight", [outputs, channels, 3, 3]).permuted([0, 2, 3, 1]),
            bias: try read("\(name).bias", [outputs])))
        channels = outputs
      }
      slices.append(layers)
      importance.append(try read("lin\(index).model.1.weight", [1, channels, 1, 1]).reshaped([channels]))
    }
    self.slices = slices
    self.importance = importance
  }

  /// The distances of images [batch, height, width, 3] in about [-1, 1]: [batch].
  package func callAsFunction(_ a: Tensor, _ b: Tensor) -> Tensor {
    var x = (a - shift) / scale, y = (b - shift) / scale, total = Tensor(zeros: [a.shape[0]])
    for (index, layers) in slices.enumerated() {
      if index > 0 { (x, y) = (x.maxPooled, y.maxPooled) }
      for layer in layers {
        x = x.convolved(layer.weight, layer.bias, padding: .all(1)).activated(.relu)
        y = y.convolved(layer.weight, layer.bias, padding: .all(1)).activated(.relu)
      }
      let distance = (unit(x) - unit(y)).squared * importance[index]
      total =
        total + distance.reshaped([x.shape[0], x.count / x.shape[0]]).sum(axis: 1)
        * (1 / Float(x.shape[1] * x.shape[2]))
    }
    return total
  }

  /// Features of norm 1 at each pixel; 1e-10 as in the released code, here under the root, so that the gradient is
  /// defined for a feature vector of zeros.
  private func unit(_ x: Tensor) -> Tensor { x / (x.squared.sum(axis: 3, keeping: true) + 1e-20).squareRoot }
}
