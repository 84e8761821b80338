import Autoregression
import Settings
import Tensors

/// Squares of neighbouring cells of a latent as one token, their channels concatenated row by row (MAR's `patchify`;
/// Li et al. 2024, arXiv 2406.11838, table 2: 2x2 cells of KL-8).
struct LatentPatches: Sendable {
  /// Cells of a token's side.
  let side: Int

  /// The grid of tokens over a grid of cells.
  static func grid(_ settings: inout Settings, of cells: Grid) throws(SettingsError) -> Grid {
    let side = try LatentPatches(&settings).side
    guard cells.height % side == 0, cells.width % side == 0 else {
      throw settings.refusal(
        "a latent of \(cells) cells does not divide into patches of \(side)x\(side); use another 'patch-size'.",
        at: "patch-size")
    }
    return Grid(height: cells.height / side, width: cells.width / side)
  }

  init(_ settings: inout Settings) throws(SettingsError) {
    try settings.renamed("group", to: "patch-size")
    side = try settings[
      "patch-size", default: 1, in: 1...16,
      about: "side of the square of latent cells that is one token (MAR: patch_size; 2 for KL-8)"]
  }

  /// [batch, rows, columns, channels] to [batch, rows / side, columns / side, channels side^2].
  func patchify(_ cells: Tensor) -> Tensor {
    guard side > 1 else { return cells }
    let (batch, rows, columns, width) = (cells.shape[0], cells.shape[1] / side, cells.shape[2] / side, cells.shape[3])
    return cells.reshaped([batch, rows, side, columns, side * width])
      .permuted([0, 1, 3, 2, 4])  // [batch, rows, columns, side, side * width]
      .reshaped([batch, rows, columns, side * side * width])
  }

  /// The inverse of `patchify`.
  func unpatchify(_ tokens: Tensor) -> Tensor {
    guard side > 1 else { return tokens }
    let (batch, rows, columns) = (tokens.shape[0], tokens.shape[1], tokens.shape[2])
    return tokens.reshaped([batch, rows, columns, side, tokens.shape[3] / side])
      .permuted([0, 1, 3, 2, 4])  // [batch, rows, side, columns, side * width]
      .reshaped([batch, rows * side, columns * side, tokens.shape[3] / (side * side)])
  }
}
