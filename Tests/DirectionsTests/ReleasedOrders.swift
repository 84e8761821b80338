import Testing

/// A scan order as released code computes it, for a square grid, cells numbered row by row.
struct ReleasedOrder: Sendable, CustomTestStringConvertible {
  let name: String
  let cells: [Int]

  var testDescription: String { "\(name), \(cells.count) cells" }

  /// From `permuter.py` of CompVis/taming-transformers 3ba01b2 (VQGAN; Esser et al. 2020, arXiv 2012.09841): Subsample,
  /// SpiralIn, SpiralOut, ZCurve, AlternateParsing; and from `halton_sampler.py` of valeoai/Halton-MaskGIT 08cfdae
  /// (Besnier et al. 2025, arXiv 2503.17076).
  static let all = [
    ReleasedOrder(
      name: "subsample",
      cells: [
        0, 2, 8, 10, 1, 3, 9, 11, 4, 6, 12, 14, 5, 7, 13, 15,
      ]),
    ReleasedOrder(
      name: "spiral-in",
      cells: [
        15, 11, 7, 3, 2, 1, 0, 4, 8, 12, 13, 14, 10, 6, 5, 9,
      ]),
    ReleasedOrder(
      name: "spiral-out",
      cells: [
        9, 5, 6, 10, 14, 13, 12, 8, 4, 0, 1, 2, 3, 7, 11, 15,
      ]),
    ReleasedOrder(
      name: "z-curve",
      cells: [
        0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15,
      ]),
    ReleasedOrder(
      name: "snake",
      cells: [
        0, 1, 2, 3, 7, 6, 5, 4, 8, 9, 10, 11, 15, 14, 13, 12,
      ]),
    ReleasedOrder(
      name: "halton",
      cells: [
        9, 6, 12, 1, 11, 4, 14, 3, 8, 5, 0, 7, 13, 2, 15, 10,
      ]),
    ReleasedOrder(
      name: "subsample",
      cells: [
        0, 4, 32, 36, 2, 6, 34, 38, 16, 20, 48, 52, 18, 22, 50, 54, 1, 5, 33, 37, 3, 7, 35, 39, 17, 21, 49, 53, 19,
        23, 51, 55, 8, 12, 40, 44, 10, 14, 42, 46, 24, 28, 56, 60, 26, 30, 58, 62, 9, 13, 41, 45, 11, 15, 43, 47, 25,
        29, 57, 61, 27, 31, 59, 63,
      ]),
    ReleasedOrder(
      name: "spiral-in",
      cells: [
        63, 55, 47, 39, 31, 23, 15, 7, 6, 5, 4, 3, 2, 1, 0, 8, 16, 24, 32, 40, 48, 56, 57, 58, 59, 60, 61, 62, 54, 46,
        38, 30, 22, 14, 13, 12, 11, 10, 9, 17, 25, 33, 41, 49, 50, 51, 52, 53, 45, 37, 29, 21, 20, 19, 18, 26, 34, 42,
        43, 44, 36, 28, 27, 35,
      ]),
    ReleasedOrder(
      name: "spiral-out",
      cells: [
        35, 27, 28, 36, 44, 43, 42, 34, 26, 18, 19, 20, 21, 29, 37, 45, 53, 52, 51, 50, 49, 41, 33, 25, 17, 9, 10, 11,
        12, 13, 14, 22, 30, 38, 46, 54, 62, 61, 60, 59, 58, 57, 56, 48, 40, 32, 24, 16, 8, 0, 1, 2, 3, 4, 5, 6, 7, 15,
        23, 31, 39, 47, 55, 63,
      ]),
    ReleasedOrder(
      name: "z-curve",
      cells: [
        0, 1, 8, 9, 2, 3, 10, 11, 16, 17, 24, 25, 18, 19, 26, 27, 4, 5, 12, 13, 6, 7, 14, 15, 20, 21, 28, 29, 22, 23,
        30, 31, 32, 33, 40, 41, 34, 35, 42, 43, 48, 49, 56, 57, 50, 51, 58, 59, 36, 37, 44, 45, 38, 39, 46, 47, 52,
        53, 60, 61, 54, 55, 62, 63,
      ]),
    ReleasedOrder(
      name: "snake",
      cells: [
        0, 1, 2, 3, 4, 5, 6, 7, 15, 14, 13, 12, 11, 10, 9, 8, 16, 17, 18, 19, 20, 21, 22, 23, 31, 30, 29, 28, 27, 26,
        25, 24, 32, 33, 34, 35, 36, 37, 38, 39, 47, 46, 45, 44, 43, 42, 41, 40, 48, 49, 50, 51, 52, 53, 54, 55, 63,
        62, 61, 60, 59, 58, 57, 56,
      ]),
    ReleasedOrder(
      name: "halton",
      cells: [
        34, 21, 48, 11, 46, 25, 60, 7, 32, 18, 53, 9, 43, 30, 58, 4, 39, 16, 51, 13, 41, 28, 62, 2, 37, 23, 10, 45,
        24, 59, 6, 33, 20, 55, 8, 29, 57, 3, 38, 52, 15, 40, 27, 1, 36, 22, 50, 47, 5, 19, 54, 44, 31, 56, 17, 14, 42,
        63, 0, 35, 49, 12, 26, 61,
      ]),
  ]
}
