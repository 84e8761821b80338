import Autoregression
import Images
import Networks
import Tensors

/// An image of which some pixels are generated and the others are kept: inpainting, and outpainting.
///
/// A mask is an image of the same size: white is generated, black is kept. Tokens whose cell holds kept pixels only are
/// pinned from the first turn on; after decoding, the kept pixels are copied over the result, since a decoder does not
/// reproduce its input exactly.
package struct Inpainting {
  /// The image to complete.
  package let image: ByteImage
  /// By pixel, row by row: true where it is generated.
  let isGenerated: [Bool]
  /// True where the kept pixels are copied over the decoded image.
  let isComposed: Bool

  /// Reads both files; throws where the sizes are not those of `shape`, or where the mask is black everywhere.
  package init(image path: String, mask maskPath: String, isComposed: Bool, shape: ImageShape) throws {
    image = try ByteImage.read(path)
    self.isComposed = isComposed
    guard image.height == shape.height, image.width == shape.width else {
      throw LaboratoryError(
        "\(path): it is \(image.width)x\(image.height), and this model generates \(shape.width)x\(shape.height); "
          + "resize it first.")
    }
    let mask = try ByteImage.read(maskPath)
    guard mask.height == image.height, mask.width == image.width else {
      throw LaboratoryError(
        "\(maskPath): the mask is \(mask.width)x\(mask.height) and the image \(image.width)x\(image.height); they must "
          + "have one size.")
    }
    // A mean of the three channels of at least 128 is white.
    isGenerated = (0..<mask.height * mask.width).map { pixel in
      (0..<3).reduce(0) { $0 + Int(mask.pixels[3 * pixel + $1]) } >= 3 * 128
    }
    guard isGenerated.contains(true) else {
      throw LaboratoryError("\(maskPath): the mask is black everywhere; white marks the pixels to generate.")
    }
  }

  /// The encoder's input: pixels to generate have the mean colour of the kept ones, or grey where none is kept.
  private var filled: ByteImage {
    var filled = image
    let kept = isGenerated.indices.filter { !isGenerated[$0] }
    for channel in 0..<3 {
      let sum = kept.reduce(0) { $0 + Int(image.pixels[3 * $1 + channel]) }
      let mean = kept.isEmpty ? 128 : UInt8(sum / kept.count)
      for pixel in isGenerated.indices where isGenerated[pixel] { filled.pixels[3 * pixel + channel] = mean }
    }
    return filled
  }

  /// Returns the tokens that a generation of `batch` images keeps.
  func pins(in assembly: Assembly, batch: Int) -> Pins {
    withoutGradients {
      let latent = assembly.tokenizer.posterior(of: filled.tensor).mean
      let canvas = assembly.direction.canvas(
        of: Tensor.concatenated(Array(repeating: latent, count: batch), axis: 0), by: assembly.model.quantizer)
      return Pins(canvas, keptSlots(in: assembly.direction.layout))
    }
  }

  /// Returns the slots whose cell holds kept pixels only. Slots of one level are the cells of one grid, coarse or fine.
  func keptSlots(in layout: Layout) -> [Int] {
    var grids: [Int: Grid] = [:]
    for level in Set(layout.slots.map(\.level)) {
      let slots = layout.slots.filter { $0.level == level }
      grids[level] = Grid(height: Set(slots.map(\.row)).count, width: Set(slots.map(\.column)).count)
    }
    return layout.slots.indices.filter { index in
      let slot = layout.slots[index]
      guard let grid = grids[slot.level] else { return false }
      return Self.pixels(of: slot.row, grid.height, image.height).allSatisfy { y in
        Self.pixels(of: slot.column, grid.width, image.width).allSatisfy { x in !isGenerated[y * image.width + x] }
      }
    }
  }

  /// Returns the pixels along one axis that a cell touches, if only in part; `centre` is in [0, 1).
  private static func pixels(of centre: Float, _ cells: Int, _ pixels: Int) -> Range<Int> {
    let cell = min(cells - 1, Int(centre * Float(cells)))
    return cell * pixels / cells..<max(cell * pixels / cells + 1, ((cell + 1) * pixels + cells - 1) / cells)
  }

  /// Returns a generated image with the kept pixels copied over it, where this inpainting does so.
  package func composed(_ generated: ByteImage) -> ByteImage {
    guard isComposed else { return generated }
    var result = generated
    for pixel in isGenerated.indices where !isGenerated[pixel] {
      for channel in 0..<3 { result.pixels[3 * pixel + channel] = image.pixels[3 * pixel + channel] }
    }
    return result
  }
}
