import CFFTW
import Synchronization

/// FFTW's plans for images of one shape: how to go to the frequencies and back.
///
/// Made with FFTW_ESTIMATE: a measured plan could differ from run to run, and with it the last digit of a result.
/// Made once per shape and kept as long as the program runs, for there are few shapes.
// Unchecked: executing a plan on other arrays is thread-safe, and making one is under the lock of `made`.
struct Plans: @unchecked Sendable {
  let forward: fftwf_plan
  let backward: fftwf_plan

  private struct Shape: Hashable { let height: Int, width: Int, channels: Int }
  private static let made = Mutex<[Shape: Plans]>([:])

  /// Plans for [height, width, channels], channels innermost.
  static func of(height: Int, width: Int, channels: Int) -> Plans {
    let shape = Shape(height: height, width: width, channels: channels)
    return made.withLock { made in
      if let plans = made[shape] { return plans }
      let plans = Plans(shape)
      made[shape] = plans
      return plans
    }
  }

  /// Only ever called under the lock: FFTW's planner keeps state of its own.
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
    // Each channel is a transform of its own: its numbers lie `channels` apart, the next channel's one further.
    forward = fftwf_plan_many_dft_r2c(
      2, &size, channels, image, &size, channels, 1, numbers, &half, channels, 1, flags)
    backward = fftwf_plan_many_dft_c2r(
      2, &size, channels, numbers, &half, channels, 1, image, &size, channels, 1, flags)
  }
}
