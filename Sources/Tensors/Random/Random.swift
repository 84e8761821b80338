import Glibc

/// A counter-based source of random numbers: each is a function of seed, step, stream, call, sample and position alone.
///
/// The leading axis of every draw is the batch, and every sample has numbers of its own. Image 17 of a run is therefore
/// the same in any batch, and steps 1 to N equal steps 1 to k followed, after a pause, by k + 1 to N. Streams are
/// distinguished by name, so that a new draw changes no other stream. A second kind of source replays recorded draws.
public struct Random: Sendable {
  /// The seed of all streams.
  public let seed: UInt64
  /// Numbers of the samples of the batch.
  public let samples: [Int]
  private let step: UInt32
  private var calls: [String: UInt32] = [:]
  private var recorded: [String: [Tensor]]?

  /// A source for some samples at one step of training (0 for a generation).
  public init(seed: UInt64, step: Int = 0, samples: [Int] = [0]) {
    self.seed = seed
    self.samples = samples
    self.step = UInt32(truncatingIfNeeded: step)
  }

  /// A source that replays recorded draws, stream by stream in the order of the calls.
  ///
  /// Normal draws are recorded as they are, uniform ones as numbers in [0, 1), integers and orders as floats. A draw
  /// beyond the record, or of another shape, is a precondition failure.
  public init(replaying recorded: [String: [Tensor]], samples: [Int]) {
    self.init(seed: 0, samples: samples)
    self.recorded = recorded
  }

  /// Draws from the standard normal distribution; shape[0] is the batch.
  public mutating func normal(_ shape: [Int], _ stream: String) -> Tensor {
    draw(shape, stream) { words in
      // Box and Muller 1958: two uniform numbers give two normal ones.
      func pair(_ a: UInt32, _ b: UInt32) -> (Float, Float) {
        let radius = (-2 * logf((Float(a >> 8) + 1) * 0x1p-24)).squareRoot(), angle = Float(b >> 8) * 0x1p-24 * 2 * .pi
        return (radius * cosf(angle), radius * sinf(angle))
      }
      let (x, y) = pair(words[0], words[1]), (z, w) = pair(words[2], words[3])
      return SIMD4(x, y, z, w)
    }
  }

  /// Draws from the uniform distribution over [0, 1), multiples of 2^-24; shape[0] is the batch.
  public mutating func uniform(_ shape: [Int], _ stream: String) -> Tensor {
    draw(shape, stream) { words in
      SIMD4(Float(words[0] >> 8), Float(words[1] >> 8), Float(words[2] >> 8), Float(words[3] >> 8)) * 0x1p-24
    }
  }

  /// Draws integers uniformly from a range, `count` per sample: [batch][count].
  public mutating func integers(in range: Range<Int>, count: Int, _ stream: String) -> Indices {
    precondition(!range.isEmpty, "there is no integer in \(range)")
    if let tensor = next(recordedIn: stream, [samples.count, count]) {
      return rows(tensor).map { row in row.map { Int($0) } }
    }
    return rows(uniform([samples.count, count], stream)).map { row in
      row.map { range.lowerBound + min(range.count - 1, Int($0 * Float(range.count))) }
    }
  }

  /// Draws one number from the uniform distribution over [0, 1) for the whole batch.
  public mutating func shared(_ stream: String) -> Float {
    if let tensor = next(recordedIn: stream, nil) { return tensor.scalars[0] }
    return Float(Philox.words(counter(0, call(stream), .max), key(stream))[0] >> 8) * 0x1p-24
  }

  /// Draws one number from a normal distribution truncated to `range`, for the whole batch.
  ///
  /// The inverse of the distribution function is applied to one uniform number, so that no draw is rejected.
  public mutating func truncatedNormal(mean: Double, deviation: Double, in range: ClosedRange<Double>, _ stream: String)
    -> Double
  {
    let uniform = Double(shared(stream))
    return TruncatedNormal(mean: mean, deviation: deviation, range: range).quantile(uniform)
  }

  /// A random permutation of 0..<count for every sample: [batch][count]. It is the same at every call, since it holds
  /// for a whole generation (or step).
  public func orders(of count: Int, _ stream: String) -> Indices {
    if let tensor = recorded?[stream]?.first {
      precondition(tensor.shape == [samples.count, count], "recorded orders '\(stream)' have shape \(tensor.shape)")
      return rows(tensor).map { row in row.map { Int($0) } }
    }
    return samples.map { sample in
      var order = Array(0..<count)
      for i in stride(from: count - 1, to: 0, by: -1) {  // Fisher and Yates
        let word = Philox.words(counter(UInt32(i), 0, UInt32(truncatingIfNeeded: sample)), key(stream))[0]
        order.swapAt(i, Int((UInt64(word) &* UInt64(i + 1)) >> 32))
      }
      return order
    }
  }

  // The key is a hash of seed and stream; the counter is position, call, step and sample.
  private func key(_ stream: String) -> SIMD2<UInt32> {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325 ^ seed &* 0x9E37_79B9_7F4A_7C15  // FNV-1a over the name
    for byte in stream.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    hash ^= hash >> 29
    return SIMD2(
      UInt32(truncatingIfNeeded: hash), UInt32(truncatingIfNeeded: hash >> 32) ^ UInt32(truncatingIfNeeded: seed))
  }

  private func counter(_ position: UInt32, _ call: UInt32, _ sample: UInt32) -> SIMD4<UInt32> {
    SIMD4(position, call, step, sample)
  }

  private mutating func call(_ stream: String) -> UInt32 {
    defer { calls[stream, default: 0] += 1 }
    return calls[stream, default: 0]
  }

  private mutating func draw(_ shape: [Int], _ stream: String, _ four: (SIMD4<UInt32>) -> SIMD4<Float>) -> Tensor {
    precondition(shape.first == samples.count, "a draw of shape \(shape) for \(samples.count) samples")
    if let tensor = next(recordedIn: stream, shape) { return tensor }
    let key = key(stream), call = call(stream), width = shape.dropFirst().reduce(1, *)
    return Tensor(unfilled: shape) { target in
      let target = target.baseAddress!
      let blocks = (width + 3) / 4
      parallel(samples.count * blocks, cost: 60) { range in
        for index in range {
          let row = index / blocks, block = index % blocks
          let numbers = four(
            Philox.words(counter(UInt32(block), call, UInt32(truncatingIfNeeded: samples[row])), key))
          for i in 0..<min(4, width - 4 * block) { target[row * width + 4 * block + i] = numbers[i] }
        }
      }
    }
  }

  private mutating func next(recordedIn stream: String, _ shape: [Int]?) -> Tensor? {
    guard recorded != nil else { return nil }
    precondition(recorded?[stream]?.isEmpty == false, "no draw of stream '\(stream)' is left in the record")
    let tensor = recorded![stream]!.removeFirst()
    precondition(
      shape == nil || tensor.shape == shape, "stream '\(stream)' recorded \(tensor.shape), requested is \(shape!)")
    return tensor
  }

  private func rows(_ tensor: Tensor) -> [[Float]] {
    let scalars = tensor.scalars, width = tensor.shape[1]
    return (0..<tensor.shape[0]).map { Array(scalars[$0 * width..<($0 + 1) * width]) }
  }
}
