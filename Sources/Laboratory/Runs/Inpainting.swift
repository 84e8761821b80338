import Autoregression
import Images
import Networks
import Tensors

/// An image of which some pixels are painted anew and the others stay: in-inpainting, and out-inpainting.
///
/// A mask is an image of the same size: white is painted, black stays. Tokens whose cell holds no pixel that is painted
/// are given to the model from the start; after decoding, known pixels are laid over the result, since no decoder gives
/// back exactly what the encoder saw.
package struct Inpainting {
  let image: ByteImage
  /// By pixel, row by row: whether it is painted anew.
  let isOpen: [Bool]
  let isComposed: Bool

  package init(image imagePath: String, mask maskPath: String, isComposed: Bool, shape: ImageShape) throws {
    image = try ByteImage.read(imagePath)
    self.isComposed = isComposed
    guard image.height == shape.height, image.width == shape.width else {
      throw LaboratoryError(
        "\(imagePath): it is \(image.width)x\(image.height), and this model paints \(shape.width)x\(shape.height); resize it first."
      )
    }
    let paper = try ByteImage.read(maskPath)
    guard paper.height == image.height, paper.width == image.width else {
      throw LaboratoryError(
        "\(maskPath): the mask is \(paper.width)x\(paper.height) and the image \(image.width)x\(image.height); they must be as large."
      )
    }
    // The mean of the three channels, at least half of white.
    isOpen = (0..<paper.height * paper.width).map { pixel in
      (0..<3).reduce(0) { $0 + Int(paper.pixels[3 * pixel + $1]) } >= 3 * 128
    }
    guard isOpen.contains(true) else {
      throw LaboratoryError(
        "\(maskPath): the mask is black everywhere, so there is nothing to paint; white is painted.")
    }
  }

  /// The image as the encoder sees it: open pixels have the mean colour of the others.
  private var filled: ByteImage {
    var filled = image
    let known = isOpen.indices.filter { !isOpen[$0] }
    for channel in 0..<3 {
      let sum = known.reduce(0) { $0 + Int(image.pixels[3 * $1 + channel]) }
      let mean = known.isEmpty ? 128 : UInt8(sum / known.count)
      for pixel in isOpen.indices where isOpen[pixel] { filled.pixels[3 * pixel + channel] = mean }
    }
    return filled
  }

  /// What a generation is given.
  func pins(in assembly: Assembly, batch: Int) -> Pins {
    withoutGradients {
      let latent = assembly.tokenizer.posterior(of: filled.tensor).mean
      let canvas = assembly.direction.canvas(
        of: Tensor.concatenated(Array(repeating: latent, count: batch), axis: 0), by: assembly.model.quantizer)
      return Pins(canvas, Self.known(in: assembly.direction.layout, isOpen, image.height, image.width))
    }
  }

  /// Slots whose cell holds no open pixel. Slots of one level are the cells of one grid, coarse or fine.
  static func known(in layout: Layout, _ isOpen: [Bool], _ height: Int, _ width: Int) -> [Int] {
    var sides: [Int: (rows: Int, columns: Int)] = [:]
    for level in Set(layout.slots.map(\.level)) {
      let slots = layout.slots.filter { $0.level == level }
      sides[level] = (Set(slots.map(\.row)).count, Set(slots.map(\.column)).count)
    }
    return layout.slots.indices.filter { index in
      let slot = layout.slots[index]
      guard let side = sides[slot.level] else { return false }
      // Pixels that the cell touches, if only in part.
      func span(_ centre: Float, _ cells: Int, _ pixels: Int) -> Range<Int> {
        let cell = min(cells - 1, Int(centre * Float(cells)))
        return cell * pixels / cells..<max(cell * pixels / cells + 1, ((cell + 1) * pixels + cells - 1) / cells)
      }
      return span(slot.row, side.rows, height).allSatisfy { y in
        span(slot.column, side.columns, width).allSatisfy { x in !isOpen[y * width + x] }
      }
    }
  }

  /// A painted image with the known pixels laid over it.
  package func composed(_ painted: ByteImage) -> ByteImage {
    guard isComposed else { return painted }
    var result = painted
    for pixel in isOpen.indices where !isOpen[pixel] {
      for channel in 0..<3 { result.pixels[3 * pixel + channel] = image.pixels[3 * pixel + channel] }
    }
    return result
  }
}
