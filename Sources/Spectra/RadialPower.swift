import Tensors

/// Returns the radially averaged power spectrum of images [batch, height, width, channels]: [batch][channels][bins],
/// with bins 0 ... shorter side / 2.
///
/// The bin of a frequency is floor(sqrt(row^2 + column^2) + 0.5); corners beyond the last bin are left out. Power is
/// |F|^2 / (height width). The mean of the image is not subtracted (bin 0), and no window function is applied.
public func radialPowerSpectrum(of images: Tensor) -> [[[Double]]] {
  let spectrum = Spectrum(of: images), power = spectrum.power
  let (batch, height, width, channels) = (images.shape[0], images.shape[1], images.shape[2], images.shape[3])
  let rings = Rings(height: height, width: width), columns = spectrum.columns
  return power.withUnsafeScalars { power in
    (0..<batch).map { sample in
      (0..<channels).map { channel in
        var sums = rings.counts.map { _ in 0.0 }
        for row in 0..<height {
          for column in 0..<columns {
            guard let bin = rings.bin(row, column) else { continue }
            let offset = ((sample * height + row) * columns + column) * channels + channel
            // A column that is not stored is the conjugate of a stored one and has its power.
            sums[bin] += rings.weight(column) * Double(power[offset])
          }
        }
        return zip(sums, rings.counts).map { $0 / max(1, Double($1)) }
      }
    }
  }
}

/// Returns the radially averaged power spectrum of one plane [height][width], with the bins of
/// `radialPowerSpectrum(of:)`.
public func radialPowerSpectrum(_ plane: [Float], height: Int, width: Int) -> [Double] {
  radialPowerSpectrum(of: Tensor([1, height, width, 1], plane))[0][0]
}

/// The bins of the frequencies of a plane by their distance from zero.
struct Rings {
  let height: Int
  let width: Int
  /// The number of frequencies in each bin, conjugates counted.
  private(set) var counts: [Int]

  init(height: Int, width: Int) {
    self.height = height
    self.width = width
    counts = Array(repeating: 0, count: min(height, width) / 2 + 1)
    for row in 0..<height {
      for column in 0..<width / 2 + 1 {
        if let bin = bin(row, column) { counts[bin] += Int(weight(column)) }
      }
    }
  }

  /// The bin of a stored frequency; nil in the corners.
  func bin(_ row: Int, _ column: Int) -> Int? {
    let row = row <= height / 2 ? row : row - height
    let bin = Int((Double(row * row + column * column).squareRoot() + 0.5).rounded(.down))
    return bin < counts.count ? bin : nil
  }

  /// The number of frequencies that a stored column represents: itself, and its conjugate if that is another one.
  func weight(_ column: Int) -> Double { column == 0 || 2 * column == width ? 1 : 2 }
}
