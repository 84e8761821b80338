import Foundation
import Spectra
import Tensors

/// Quantities that figures draw.
package enum Measures {
  /// Occurrences of each code.
  package static func counted(_ codes: [Int]) -> [Int: Int] { codes.reduce(into: [:]) { $0[$1, default: 0] += 1 } }

  /// exp(entropy of the code frequencies, in nats): the size of a codebook of uniform use with the same entropy.
  package static func perplexity(_ codes: [Int]) -> Double {
    let total = Double(max(1, codes.count))
    return exp(counted(codes).values.sorted().reduce(0.0) { $0 - Double($1) / total * log(Double($1) / total) })
  }

  /// Root mean square distance of pixels in [0, 1] for every pair of images with equal labels.
  package static func distances(_ images: Tensor, _ labels: [Int]) -> [Double] {
    let area = images.count / max(1, labels.count), scalars = images.scalars
    var all: [Double] = []
    for i in labels.indices {
      for j in 0..<i where labels[i] == labels[j] {
        let squared = (0..<area).reduce(0.0) { sum, k in
          let difference = Double(scalars[i * area + k] - scalars[j * area + k]) / 2
          return sum + difference * difference
        }
        all.append((squared / Double(area)).squareRoot())
      }
    }
    return all
  }

  /// The centre of each bin and the fraction of values in it.
  package static func histogram(_ values: [Double], bins: Int, over range: ClosedRange<Double>) -> [(
    x: Double, y: Double
  )] {
    let width = (range.upperBound - range.lowerBound) / Double(bins)
    var counts = [Int](repeating: 0, count: bins)
    for value in values where range.contains(value) {
      counts[min(bins - 1, width > 0 ? Int((value - range.lowerBound) / width) : 0)] += 1
    }
    return counts.enumerated().map {
      (range.lowerBound + (Double($0.offset) + 0.5) * width, Double($0.element) / Double(max(1, values.count)))
    }
  }

  /// Peak signal-to-noise ratio in decibels of one image whose error, in [-2, 2], is given.
  package static func decibels(_ difference: Tensor, _ index: Int) -> Double {
    let error = difference.sliced(index..<index + 1, axis: 0).scalars
    let squared = error.reduce(0.0) { $0 + Double($1) * Double($1) / 4 } / Double(max(1, error.count))
    return 10 * log10(1 / max(squared, 1e-12))
  }

  /// Mean radial power spectrum of images [batch, height, width, channels]; one value a ring.
  package static func spectrum(_ images: Tensor) -> [Double] { mean(radialPowerSpectrum(of: images)) }

  /// Mean over samples and channels of spectra [batch][channels][rings].
  package static func mean(_ spectra: [[[Double]]]) -> [Double] {
    let all = spectra.flatMap { $0 }
    return (all.first ?? []).indices.map { bin in all.reduce(0) { $0 + $1[bin] } / Double(all.count) }
  }
}
