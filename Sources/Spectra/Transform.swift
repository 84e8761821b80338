import CFFTW
import Glibc
import Tensors

/// Real two-dimensional Fourier transforms of the image plane, single precision.
///
/// Plans are made with FFTW_ESTIMATE: a measured plan could differ from run to run, and with it the last digit.
public enum Transform {
  /// A forward and a backward plan for one shape; freed never, for there are few shapes.
  private struct Plans: @unchecked Sendable {  // executing a plan on new arrays is thread-safe; making one is not
    let forward: fftwf_plan
    let backward: fftwf_plan
  }

  private final class Cache: @unchecked Sendable {  // under `lock`
    var lock = pthread_mutex_t()
    var plans: [[Int]: Plans] = [:]
    init() { pthread_mutex_init(&lock, nil) }
  }
  private static let cache = Cache()

  /// Plans for [height, width, channels], channels innermost.
  private static func plans(_ height: Int, _ width: Int, _ channels: Int) -> Plans {
    pthread_mutex_lock(&cache.lock)
    defer { pthread_mutex_unlock(&cache.lock) }
    let key = [height, width, channels]
    if let plans = cache.plans[key] { return plans }
    var size = [Int32(height), Int32(width)], half = [Int32(height), Int32(width / 2 + 1)]
    let channels = Int32(channels), flags = UInt32(FFTW_ESTIMATE) | UInt32(FFTW_UNALIGNED)
    let image = UnsafeMutablePointer<Float>.allocate(capacity: height * width * Int(channels))
    let spectrum = UnsafeMutablePointer<fftwf_complex>.allocate(capacity: height * (width / 2 + 1) * Int(channels))
    defer {
      image.deallocate()
      spectrum.deallocate()
    }
    let made = Plans(
      forward: fftwf_plan_many_dft_r2c(2, &size, channels, image, &size, channels, 1, spectrum, &half, channels, 1, flags),
      backward: fftwf_plan_many_dft_c2r(2, &size, channels, spectrum, &half, channels, 1, image, &size, channels, 1, flags))
    cache.plans[key] = made
    return made
  }

  /// Every frequency of every channel times a gain: images [batch, height, width, channels].
  ///
  /// `gain(row, column)` takes whole frequencies, rows in -height/2 ... height/2, columns in 0 ... width/2.
  public static func filtered(_ images: Tensor, gain: (_ row: Int, _ column: Int) -> Float) -> Tensor {
    let (batch, height, width, channels) = (images.shape[0], images.shape[1], images.shape[2], images.shape[3])
    let plans = plans(height, width, channels), columns = width / 2 + 1, area = height * width * channels
    var gains = [Float]()
    let scale = 1 / Float(height * width)
    for y in 0..<height { for x in 0..<columns { gains.append(gain(y <= height / 2 ? y : y - height, x) * scale) } }
    let spectrum = UnsafeMutablePointer<fftwf_complex>.allocate(capacity: height * columns * channels)
    defer { spectrum.deallocate() }
    return Tensor(unfilled: images.shape) { target in
      images.withUnsafeScalars { source in
        for sample in 0..<batch {
          let image = target.baseAddress! + sample * area
          image.update(from: source.baseAddress! + sample * area, count: area)
          fftwf_execute_dft_r2c(plans.forward, image, spectrum)
          for place in 0..<height * columns {
            for channel in 0..<channels {
              spectrum[place * channels + channel].0 *= gains[place]
              spectrum[place * channels + channel].1 *= gains[place]
            }
          }
          fftwf_execute_dft_c2r(plans.backward, spectrum, image)
        }
      }
    }
  }

  /// Power |F|^2 / (height width) at every whole frequency of one plane [height][width]: [height][width / 2 + 1].
  static func power(_ plane: [Float], height: Int, width: Int) -> [Float] {
    let plans = plans(height, width, 1), columns = width / 2 + 1
    var image = plane
    let spectrum = UnsafeMutablePointer<fftwf_complex>.allocate(capacity: height * columns)
    defer { spectrum.deallocate() }
    fftwf_execute_dft_r2c(plans.forward, &image, spectrum)
    return (0..<height * columns).map {
      (spectrum[$0].0 * spectrum[$0].0 + spectrum[$0].1 * spectrum[$0].1) / Float(height * width)
    }
  }
}

/// Mean power by whole distance from frequency zero, 0 ... height / 2: one plane [height, width] of numbers.
///
/// The bin of a frequency is floor(sqrt(fx^2 + fy^2) + 0.5); corners beyond the last bin are left out. The mean of the
/// picture is kept (bin 0), no window is laid over it.
public func radialPowerSpectrum(_ plane: [Float], height: Int, width: Int) -> [Double] {
  let power = Transform.power(plane, height: height, width: width), columns = width / 2 + 1
  var sums = [Double](repeating: 0, count: height / 2 + 1), counts = sums
  for y in 0..<height {
    for x in 0..<width {
      let fy = y <= height / 2 ? y : y - height, fx = x <= width / 2 ? x : x - width
      let bin = Int((Double(fx * fx + fy * fy).squareRoot() + 0.5).rounded(.down))
      guard bin < sums.count else { continue }
      // A real picture's power is the same at f and -f: the right half is read from the left one.
      let (row, column) = x < columns ? (y, x) : ((height - y) % height, width - x)
      sums[bin] += Double(power[row * columns + column])
      counts[bin] += 1
    }
  }
  return zip(sums, counts).map { $0 / max(1, $1) }
}
