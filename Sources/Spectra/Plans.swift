import CFFTW
import Synchronization

/// FFTW's plans of the transforms of images of one shape.
///
/// Planned with FFTW_ESTIMATE, since a measured plan may differ from run to run, and with it the last bit of a result.
/// There are few shapes, so plans are kept for the lifetime of the process.
// Unchecked: FFTW executes a plan on other arrays thread-safely, and plans are created under the lock of `cache`.
struct Plans: @unchecked Sendable {
  /// Real to complex, and complex to real, which overwrites its input.
  let forward: fftwf_plan
  let backward: fftwf_plan

  private struct Shape: Hashable { let height: Int, width: Int, channels: Int }
  private static let cache = Mutex<[Shape: Plans]>([:])

  /// Returns the plans for images [height, width, channels].
  static func of(height: Int, width: Int, channels: Int) -> Plans {
    let shape = Shape(height: height, width: width, channels: channels)
    return cache.withLock { cache in
      if let plans = cache[shape] { return plans }
      let plans = Plans(shape)
      cache[shape] = plans
      return plans
    }
  }

  /// Plans both transforms. Called under the lock only, since FFTW's planner has state of its own.
  private init(_ shape: Shape) {
    var size = [Int32(shape.height), Int32(shape.width)], half = [size[0], size[1] / 2 + 1]
    let channels = Int32(shape.channels), flags = UInt32(FFTW_ESTIMATE) | UInt32(FFTW_UNALIGNED)
    let image = UnsafeMutablePointer<Float>.allocate(capacity: shape.height * shape.width * shape.channels)
    let numbers = UnsafeMutablePointer<fftwf_complex>.allocate(
      capacity: shape.height * (shape.width / 2 + 1) * shape.channels)
    defer {
      image.deallocate()
      numbers.deallocate()
    }
    // One transform per channel: its scalars have stride `channels`, and the next channel begins one scalar later.
    forward = fftwf_plan_many_dft_r2c(
      2, &size, channels, image, &size, channels, 1, numbers, &half, channels, 1, flags)
    backward = fftwf_plan_many_dft_c2r(
      2, &size, channels, numbers, &half, channels, 1, image, &size, channels, 1, flags)
  }
}
