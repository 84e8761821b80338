import Autoregression
import Networks
import Settings
import Tensors

/// Square patches of pixels as continuous tokens; nothing is learned.
struct Patches: Tokenizer {
  static let key = "pixels"
  static let about = About("Square patches of pixels as tokens; nothing is learned.", example: "patch-size: 4")

  /// Side of a patch in pixels.
  let patch: Int
  let grid: Grid

  static func grid(_ settings: inout Settings, images: ImageShape) throws(SettingsError) -> Grid {
    try settings.renamed("patch", to: "patch-size")
    let patch: Int = try settings[
      "patch-size", default: 4, in: 1...64, about: "side of a patch in pixels (ViT: patch size)"]
    guard images.height % patch == 0, images.width % patch == 0 else {
      throw settings.refusal(
        "images of \(images.height)x\(images.width) do not divide into patches of \(patch)x\(patch); use "
          + "another 'patch-size'.",
        at: "patch-size")
    }
    return Grid(height: images.height / patch, width: images.width / patch)
  }

  init(_ settings: inout Settings, images: ImageShape, layout: Layout, _ random: inout Random) throws(SettingsError) {
    grid = try Self.grid(&settings, images: images)
    patch = images.height / grid.height
  }

  var quantizer: any Quantizer { Identity(width: 3 * patch * patch) }

  func encode(_ images: Tensor, _ random: inout Random) -> Tensor {
    images.reshaped([images.shape[0], grid.height, patch, grid.width, patch * 3])
      .permuted([0, 1, 3, 2, 4])  // [batch, rows, columns, patch, patch * 3]
      .reshaped([images.shape[0], grid.height, grid.width, 3 * patch * patch])
  }

  func decode(_ latent: Tensor) -> Tensor {
    latent.reshaped([latent.shape[0], grid.height, grid.width, patch, patch * 3])
      .permuted([0, 1, 3, 2, 4])  // [batch, rows, patch, columns, patch * 3]
      .reshaped([latent.shape[0], grid.height * patch, grid.width * patch, 3])
  }

  func trainingLoss(_ images: Tensor, laidOutBy direction: any RegressionDirection, _ random: inout Random)
    -> TokenizerLoss?
  {
    nil
  }
}

@section("overtone_parts") @used private let registration: Registration = { $0.registry.add(Patches.self) }
