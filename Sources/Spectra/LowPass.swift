import Glibc
import Tensors

/// How the fine detail of a latent is taken away, level by level: level 0 shows nothing, the last level everything.
///
/// The released FAR uses area reduction and bicubic enlargement; its paper writes an ideal filter in the Fourier
/// domain. They are not the same: only the ideal and the DCT filter are idempotent and nest.
public enum LowPass: String, CaseIterable, Sendable {
  /// Reduced to level x level by area, enlarged by bicubic interpolation (released FAR; VAR's pair, too).
  case areaBicubic = "area-bicubic"
  /// Frequencies up to half the level kept, others gone (FAR, arXiv 2503.05305, eq. 2).
  case ideal
  /// Gain 1/2 at half the level, falling as a Gaussian.
  case gaussian
  /// Gain 1/sqrt(2) at half the level, falling with the eighth power.
  case butterworth
  /// The first `level` cosines of each axis kept (DCT-II).
  case dct
  /// Reduced by area, enlarged by repeating.
  case average

  /// What level `level` of `levels` shows of images [batch, height, width, channels]; no gradient.
  ///
  /// The scale is that of the longer side: level k keeps about k of its `levels` cells.
  public func callAsFunction(_ images: Tensor, level: Int, of levels: Int) -> Tensor {
    precondition((0...levels).contains(level), "level \(level) is outside 0...\(levels)")
    if level == 0 { return Tensor(zeros: images.shape) }
    if level == levels { return images }
    let (height, width) = (images.shape[1], images.shape[2])
    func cells(_ length: Int) -> Int { max(1, (level * length + levels / 2) / levels) }
    switch self {
    case .areaBicubic, .average:
      return images.resampled(height: cells(height), width: cells(width), .area)
        .resampled(height: height, width: width, self == .average ? .nearest : .bicubic)
    case .dct:
      return images.applied(rows: cosines(height, cells(height)), columns: cosines(width, cells(width)))
    case .ideal, .gaussian, .butterworth:
      let edge = Float(level) / Float(2 * levels)
      return Transform.filtered(images) { row, column in
        let y = Float(row) / Float(height), x = Float(column) / Float(width)
        let distance = (y * y + x * x).squareRoot() / edge
        return switch self {
        case .ideal: distance <= 1 + 1e-5 ? 1 : 0
        case .gaussian: expf(-0.693_147_2 * distance * distance)
        default: 1 / (1 + powf(distance, 8)).squareRoot()
        }
      }
    }
  }
}

/// The projection on the first `kept` of the orthonormal cosines of DCT-II: [length][length].
private func cosines(_ length: Int, _ kept: Int) -> [[Double]] {
  let waves: [[Double]] = (0..<kept).map { k in
    let size = ((k == 0 ? 1 : 2) / Double(length)).squareRoot(), step = Double.pi * Double(k) / Double(length)
    return (0..<length).map { i in size * cos(step * (Double(i) + 0.5)) }
  }
  return (0..<length).map { i in (0..<length).map { j in waves.reduce(0) { $0 + $1[i] * $1[j] } } }
}
