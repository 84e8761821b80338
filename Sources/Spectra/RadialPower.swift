import Tensors

/// Mean power by whole distance from frequency zero: images [batch, height, width, channels] to
/// [batch][channels][bins], bins 0 ... the shorter side / 2.
///
/// The bin of a frequency is floor(sqrt(row^2 + column^2) + 0.5); corners beyond the last bin are left out. Power is
/// |F|^2 / (height width). The mean of the image is kept (bin 0), and no window is laid over it.
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
            let place = ((sample * height + row) * columns + column) * channels + channel
            // A column that is not kept has the power of the kept one it is the conjugate of.
            sums[bin] += rings.weight(column) * Double(power[place])
          }
        }
        return zip(sums, rings.counts).map { $0 / max(1, Double($1)) }
      }
    }
  }
}

/// Mean power by whole distance from frequency zero of one plane [height][width] of numbers: bins 0 ... the shorter
/// side / 2, as `radialPowerSpectrum(of:)` defines them.
public func radialPowerSpectrum(_ plane: [Float], height: Int, width: Int) -> [Double] {
  radialPowerSpectrum(of: Tensor([1, height, width, 1], plane))[0][0]
}

/// Which frequencies of a plane are equally far from zero.
struct Rings {
  let height: Int
  let width: Int
  /// How many frequencies each bin holds, conjugates counted.
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

  /// The bin of a kept frequency; nil in the corners.
  func bin(_ row: Int, _ column: Int) -> Int? {
    let row = row <= height / 2 ? row : row - height
    let bin = Int((Double(row * row + column * column).squareRoot() + 0.5).rounded(.down))
    return bin < counts.count ? bin : nil
  }

  /// How many frequencies a kept column stands for: itself, and its conjugate where that is another one.
  func weight(_ column: Int) -> Double { column == 0 || 2 * column == width ? 1 : 2 }
}
