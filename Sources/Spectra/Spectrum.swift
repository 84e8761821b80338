import CFFTW
import Tensors

/// The two-dimensional discrete Fourier transform of images, in single precision and without normalization: the sum of
/// image(y, x) exp(-2 pi i (row y / height + column x / width)).
///
/// Images are real, so only columns 0 ... width / 2 are stored; the others are conjugates of these. No gradient.
public struct Spectrum: Sendable {
  /// The shape of the images, [batch, height, width, channels].
  public let shape: [Int]
  /// Real and imaginary parts, [batch, height, width / 2 + 1, channels, 2]. Rows beyond height / 2 are the negative
  /// frequencies row - height.
  public let numbers: Tensor

  /// The number of stored columns, width / 2 + 1.
  public var columns: Int { shape[2] / 2 + 1 }

  private init(shape: [Int], numbers: Tensor) {
    self.shape = shape
    self.numbers = numbers
  }

  /// Transforms images [batch, height, width, channels].
  public init(of images: Tensor) {
    precondition(images.shape.count == 4, "images are [batch, height, width, channels], not \(images.shape)")
    shape = images.shape
    let (batch, height, width, channels) = (shape[0], shape[1], shape[2], shape[3])
    let plans = Plans.of(height: height, width: width, channels: channels)
    let area = height * width * channels, half = height * (width / 2 + 1) * channels
    numbers = Tensor(unfilled: [batch, height, width / 2 + 1, channels, 2]) { target in
      images.withUnsafeScalars { source in
        target.withMemoryRebound(to: fftwf_complex.self) { target in
          for sample in 0..<batch {
            // FFTW takes a mutable pointer, and leaves the input of a forward transform as it was.
            let image = UnsafeMutablePointer(mutating: source.baseAddress! + sample * area)
            fftwf_execute_dft_r2c(plans.forward, image, target.baseAddress! + sample * half)
          }
        }
      }
    }
  }

  /// The inverse transform: images [batch, height, width, channels].
  public var images: Tensor {
    let (batch, height, width, channels) = (shape[0], shape[1], shape[2], shape[3])
    let plans = Plans.of(height: height, width: width, channels: channels)
    let area = height * width * channels, half = height * columns * channels
    // FFTW's inverse transform overwrites its input and multiplies by height * width: it is given a scaled copy.
    let scaled = numbers * (1 / Float(height * width))
    return Tensor(unfilled: shape) { target in
      scaled.withUnsafeScalars { source in
        source.withMemoryRebound(to: fftwf_complex.self) { source in
          for sample in 0..<batch {
            let numbers = UnsafeMutablePointer(mutating: source.baseAddress! + sample * half)
            fftwf_execute_dft_c2r(plans.backward, numbers, target.baseAddress! + sample * area)
          }
        }
      }
    }
  }

  /// Multiplies every frequency by a gain that is equal for all images and channels.
  ///
  /// `gain(row, column)` takes rows in -height / 2 ... height / 2 and columns in 0 ... width / 2. It must be equal at
  /// (row, column) and (-row, column), or the result would not be the spectrum of a real image.
  public func scaled(by gain: (_ row: Int, _ column: Int) -> Float) -> Spectrum {
    let gains = (0..<shape[1]).flatMap { row in (0..<columns).map { gain(signed(row), $0) } }
    return Spectrum(shape: shape, numbers: numbers * Tensor([1, shape[1], columns, 1, 1], gains))
  }

  /// The power |F|^2 / (height width) of each stored frequency, [batch, height, width / 2 + 1, channels].
  public var power: Tensor {
    let count = shape[0] * shape[1] * columns * shape[3], scale = 1 / Float(shape[1] * shape[2])
    return Tensor(unfilled: [shape[0], shape[1], columns, shape[3]]) { target in
      numbers.withUnsafeScalars { parts in
        for i in 0..<count {
          target[i] = (parts[2 * i] * parts[2 * i] + parts[2 * i + 1] * parts[2 * i + 1]) * scale
        }
      }
    }
  }

  /// The signed frequency of a stored row.
  private func signed(_ row: Int) -> Int { row <= shape[1] / 2 ? row : row - shape[1] }
}
