import FixtureSupport
import Glibc
import Spectra
import Tensors
import Testing

/// The sums as they are written, in double precision: [batch][row][column][channel] of (real, imaginary), flat.
private func slowSpectrum(_ images: Tensor) -> [(Double, Double)] {
  let (batch, height, width, channels) = (images.shape[0], images.shape[1], images.shape[2], images.shape[3])
  let scalars = images.scalars
  var result: [(Double, Double)] = []
  for sample in 0..<batch {
    for row in 0..<height {
      for column in 0..<width / 2 + 1 {
        for channel in 0..<channels {
          var real = 0.0, imaginary = 0.0
          for y in 0..<height {
            for x in 0..<width {
              let turns = Double(row * y) / Double(height) + Double(column * x) / Double(width)
              let value = Double(scalars[((sample * height + y) * width + x) * channels + channel])
              real += value * cos(2 * .pi * turns)
              imaginary -= value * sin(2 * .pi * turns)
            }
          }
          result.append((real, imaginary))
        }
      }
    }
  }
  return result
}

@Suite("Spectrum")
struct SpectrumTests {
  static let shapes = [[2, 4, 4, 3], [1, 5, 7, 2], [3, 8, 6, 1], [1, 1, 1, 1], [1, 1, 6, 2], [1, 7, 1, 1]]

  @Test("the fast transform is the slow one", arguments: shapes)
  func slowTwin(_ shape: [Int]) {
    var random = Random(seed: 3, samples: Array(0..<shape[0]))
    let images = random.normal(shape, "image"), numbers = Spectrum(of: images).numbers.scalars
    let slow = slowSpectrum(images)
    #expect(numbers.count == 2 * slow.count)
    // Sums of at most 48 numbers of about 4 in single precision.
    for (i, (real, imaginary)) in slow.enumerated() {
      #expect(abs(Double(numbers[2 * i]) - real) < 2e-5 && abs(Double(numbers[2 * i + 1]) - imaginary) < 2e-5)
    }
  }

  @Test("there and back is where it began", arguments: shapes)
  func roundTrip(_ shape: [Int]) {
    var random = Random(seed: 4, samples: Array(0..<shape[0]))
    let images = random.normal(shape, "image"), spectrum = Spectrum(of: images)
    #expect(spectrum.images.distance(to: images) < 2e-6)
    #expect(spectrum.images.distance(to: images) < 2e-6, "the inverse transform must leave the spectrum unchanged")
  }

  @Test("the power of all frequencies is that of the image (Parseval)", arguments: shapes)
  func parseval(_ shape: [Int]) {
    var random = Random(seed: 5, samples: Array(0..<shape[0]))
    let images = random.normal(shape, "image"), spectrum = Spectrum(of: images), power = spectrum.power.scalars
    let total = images.scalars.reduce(0) { $0 + Double($1) * Double($1) }
    var sum = 0.0
    for (i, value) in power.enumerated() {
      let column = i / shape[3] % spectrum.columns
      sum += Double(value) * (column == 0 || 2 * column == shape[2] ? 1 : 2)
    }
    #expect(abs(sum - total) < 1e-5 * total)
  }

  @Test("plans are shared between threads")
  func threads() async {
    await withTaskGroup(of: Float.self) { group in
      for seed in 0..<16 {
        group.addTask {
          var random = Random(seed: UInt64(seed))
          let image = random.normal([1, 3 + seed % 4, 9, 2], "image")
          return Spectrum(of: image).images.distance(to: image)
        }
      }
      for await distance in group { #expect(distance < 2e-6) }
    }
  }

  @Test("frequencies equal those of NumPy")
  func reference() throws {
    let metrics = try Fixture("metrics"), images = try metrics.images("inputs/image/x")
    let spectrum = Spectrum(of: images.sliced(0..<1, axis: 0).sliced(0..<1, axis: 3))
    let numbers = spectrum.numbers.scalars
    let real = try metrics.doubles("outputs/fft2_re"), imaginary = try metrics.doubles("outputs/fft2_im")
    let width = images.shape[2], largest = real.map(abs).max() ?? 0
    for row in 0..<images.shape[1] {
      for column in 0..<spectrum.columns {
        let here = 2 * (row * spectrum.columns + column), there = row * width + column
        #expect(abs(Double(numbers[here]) - real[there]) <= 2e-6 * largest)
        #expect(abs(Double(numbers[here + 1]) - imaginary[there]) <= 2e-6 * largest)
      }
    }
  }
}

@Suite("Radial power")
struct RadialPowerTests {
  @Test("the mean power of every ring equals the reference's")
  func reference() throws {
    let metrics = try Fixture("metrics"), images = try metrics.images("inputs/image/x")
    let wanted = try metrics.doubles("outputs/radial_power"), bins = try metrics.shape("outputs/radial_power")[2]
    let found = radialPowerSpectrum(of: images)
    #expect(found.count == images.shape[0] && found[0].count == images.shape[3] && found[0][0].count == bins)
    // The smallest means come of sums whose rounding is that of the largest term, the square of the mean.
    for (found, wanted) in zip(found.flatMap { $0.flatMap { $0 } }, wanted) {
      #expect(abs(found - wanted) <= 2e-5 * abs(wanted), "\(found) against \(wanted)")
    }
  }

  @Test("a plane is measured as an image of one channel")
  func plane() {
    var random = Random(seed: 6)
    let image = random.normal([1, 6, 8, 1], "image")
    #expect(radialPowerSpectrum(image.scalars, height: 6, width: 8) == radialPowerSpectrum(of: image)[0][0])
  }

  @Test("a wave has all its power in the ring of its frequency")
  func wave() {
    let plane = (0..<64).map { Float(cos(2 * .pi * 3 * Double($0 % 8) / 8)) }
    let found = radialPowerSpectrum(plane, height: 8, width: 8)
    // 64 / 2 in all; the ring of 3 on 8 x 8 cells holds 16 frequencies.
    #expect(found.enumerated().allSatisfy { abs($0.element - ($0.offset == 3 ? 2 : 0)) < 1e-5 })
  }
}
