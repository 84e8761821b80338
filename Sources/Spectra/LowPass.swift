import Glibc
import Tensors

/// A family of low-pass filters by level: level 0 removes everything, the last level nothing.
///
/// Of `levels` cells along the longer side, level k keeps about k. The released code of FAR reduces by area and
/// enlarges bicubically; its paper describes an ideal filter in the Fourier domain (Yu et al. 2025, arXiv 2503.05305).
/// The two differ: only `ideal` and `dct` are idempotent and nest (a level of a higher level is that level).
public enum LowPass: String, CaseIterable, Sendable {
  /// Reduces to level x level cells by area and enlarges bicubically (the released FAR, and VAR).
  case areaBicubic = "area-bicubic"
  /// Keeps frequencies at a distance from zero of at most level / 2: a disc.
  case ideal
  /// Keeps frequencies whose row and column are each at most level / 2: a square.
  case square
  /// A Gaussian with gain 1/2 at level / 2.
  case gaussian
  /// A Butterworth filter, 1 / sqrt(1 + (2 f / level)^(2 order)), with gain 1/sqrt(2) at level / 2.
  case butterworth
  /// Keeps the first `level` cosines of each axis (DCT-II).
  case dct
  /// Reduces by area and enlarges by repetition.
  case average

  /// Filters images [batch, height, width, channels] to level `level` of `levels`; no gradient.
  ///
  /// `order` is that of a Butterworth filter: the higher, the steeper.
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

  /// The gain of a frequency, whose `row` and `column` are 1 at the edge of the level.
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
