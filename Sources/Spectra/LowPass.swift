import Glibc
import Tensors

/// How the fine detail of a latent is taken away, level by level: level 0 shows nothing, the last level everything.
///
/// The scale is that of the longer side: of `levels` cells, level k keeps about k. The released FAR uses area reduction
/// and bicubic enlargement; its paper writes an ideal filter in the Fourier domain (Yu et al. 2025, arXiv 2503.05305).
/// They are not the same: only `ideal` and `dct` are idempotent and nest (a level of a higher level is that level).
public enum LowPass: String, CaseIterable, Sendable {
  /// Reduced to level x level cells by area, enlarged by bicubic interpolation (released FAR; VAR's pair, too).
  case areaBicubic = "area-bicubic"
  /// Frequencies within half the level of zero kept, others gone: a disc.
  case ideal
  /// Rows and columns each within half the level of zero kept, others gone: a square.
  case square
  /// Gain 1/2 at half the level, falling as a Gaussian.
  case gaussian
  /// Gain 1/sqrt(2) at half the level, falling with a power: 1 / sqrt(1 + (2 f / level)^(2 order)).
  case butterworth
  /// The first `level` cosines of each axis kept (DCT-II).
  case dct
  /// Reduced by area, enlarged by repeating.
  case average

  /// What level `level` of `levels` shows of images [batch, height, width, channels]; no gradient.
  ///
  /// `order` says how steeply a Butterworth filter falls; the others have none.
  public func callAsFunction(_ images: Tensor, level: Int, of levels: Int, order: Int = 4) -> Tensor {
    precondition((0...levels).contains(level), "level \(level) is outside 0...\(levels)")
    if level == 0 { return Tensor(zeros: images.shape) }
    if level == levels { return images }
    let (height, width) = (images.shape[1], images.shape[2])
    func cells(_ length: Int) -> Int { max(1, (level * length + levels / 2) / levels) }
    switch self {
    case .areaBicubic, .average:
      return images.detached.resampled(height: cells(height), width: cells(width), .area)
        .resampled(height: height, width: width, self == .average ? .nearest : .bicubic)
    case .dct:
      return images.detached.applied(
        rows: cosines(height, keeping: cells(height)), columns: cosines(width, keeping: cells(width)))
    case .ideal, .square, .gaussian, .butterworth:
      // Twice the frequency in cells of the longer side, over the level: 1 at the edge.
      let scale = 2 * Float(levels) / Float(level)
      return Spectrum(of: images).scaled { row, column in
        gain(abs(Float(row)) / Float(height) * scale, Float(column) / Float(width) * scale, order)
      }.images
    }
  }

  /// What is left of a frequency; `row` and `column` are 1 at the edge of the level.
  private func gain(_ row: Float, _ column: Float, _ order: Int) -> Float {
    let squared = row * row + column * column, rounding: Float = 1e-5
    return switch self {
    case .square: max(row, column) <= 1 + rounding ? 1 : 0
    case .gaussian: exp2f(-squared)
    case .butterworth: 1 / (1 + powf(squared, Float(order))).squareRoot()
    default: squared.squareRoot() <= 1 + rounding ? 1 : 0
    }
  }
}

/// The projection on the first `kept` of the orthonormal cosines of DCT-II: [length][length].
private func cosines(_ length: Int, keeping kept: Int) -> [[Double]] {
  let waves: [[Double]] = (0..<kept).map { k in
    let size = ((k == 0 ? 1 : 2) / Double(length)).squareRoot(), step = Double.pi * Double(k) / Double(length)
    return (0..<length).map { i in size * cos(step * (Double(i) + 0.5)) }
  }
  return (0..<length).map { i in (0..<length).map { j in waves.reduce(0) { $0 + $1[i] * $1[j] } } }
}
