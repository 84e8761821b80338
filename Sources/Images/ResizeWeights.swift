/// The weights with which some of the new pixels along an axis are sums of old ones.
struct ResizeWeights {
  /// The first old pixel of each new one.
  private let lower: [Int]
  /// The old pixels of each new one.
  private let counts: [Int]
  /// Weights [new pixel, tap] in units of 2^-22, Pillow's precision for bytes; 0 beyond the taps of a pixel.
  private let weights: [Int32]
  /// The most taps of a pixel.
  private let most: Int

  /// The number of new pixels.
  var count: Int { lower.count }
  /// The old pixels that are read.
  var span: Range<Int> { (lower.first ?? 0)..<(zip(lower, counts).map(+).max() ?? 0) }

  /// The weights of the new pixels in `range`, of `count` that replace `length`.
  init(from length: Int, to count: Int, _ kernel: Kernel, in range: Range<Int>) {
    let scale = Double(length) / Double(count), filterScale = max(1, scale), reach = kernel.support * filterScale
    var lower: [Int] = [], rows: [[Int32]] = []
    for i in range {
      guard count != length else {
        lower.append(i)
        rows.append([1 << 22])
        continue
      }
      let centre = (Double(i) + 0.5) * scale
      let first = max(0, Int(centre - reach + 0.5)), last = min(length, Int(centre + reach + 0.5))
      let raw = (first..<last).map { kernel((Double($0) + 0.5 - centre) / filterScale) }, sum = raw.reduce(0, +)
      lower.append(first)
      rows.append(raw.map { Int32(($0 / sum * 0x1p22).rounded(.toNearestOrAwayFromZero)) })
    }
    let most = rows.map(\.count).max() ?? 0
    (self.lower, self.most, counts) = (lower, most, rows.map(\.count))
    weights = rows.flatMap { $0 + Array(repeating: 0, count: most - $0.count) }
  }

  /// Sixteen bytes and their sums, which fit: the magnitudes of the weights of a pixel add up to less than 2^23.
  private typealias Bytes = SIMD16<UInt8>
  private typealias Sums = SIMD16<Int32>

  /// The bytes of sums in units of 2^-22, to which 2^21 was added so that they round to the nearest.
  @inline(__always) private static func bytes(_ sums: Sums) -> Bytes {
    let shifted = sums &>> 22
    let low = shifted.replacing(with: 0, where: shifted .< 0)
    return Bytes(truncatingIfNeeded: low.replacing(with: 255, where: low .> 255))
  }

  /// The sum of old vectors, `stride` bytes apart from `start`, for a new pixel.
  @inline(__always) private func sum(
    _ pixel: Int, _ weights: UnsafePointer<Int32>, _ start: UnsafeRawPointer, by stride: Int
  ) -> Bytes {
    var sums = Sums(repeating: 1 << 21), source = start
    let weights = weights + pixel * most
    for tap in 0..<counts[pixel] {
      sums &+= Sums(truncatingIfNeeded: source.loadUnaligned(as: Bytes.self)) &* weights[tap]
      source += stride
    }
    return Self.bytes(sums)
  }

  /// Resizes rows: of bytes [height, width, 3] the rows in `rows`, as [rows, count, 3].
  func alongRows(_ bytes: [UInt8], width: Int, rows: Range<Int>) -> [UInt8] {
    let span = span, columns = span.count * 3, rowBytes = width * 3, newBytes = count * 3
    return [UInt8](unsafeUninitializedCapacity: rows.count * newBytes) { target, filled in
      filled = rows.count * newBytes
      guard let target = target.baseAddress else { return }
      bytes.withUnsafeBufferPointer { bytes in
        weights.withUnsafeBufferPointer { weights in
          // Sixteen rows at a time, transposed: vectors [column, channel] of a byte of each row.
          withUnsafeTemporaryAllocation(byteCount: columns * 16, alignment: 64) { vectors in
            let vectors = vectors.baseAddress!
            for first in stride(from: rows.lowerBound, to: rows.upperBound, by: 16) {
              let live = min(16, rows.upperBound - first), source = bytes.baseAddress! + span.lowerBound * 3
              let starts = (0..<16).map { source + (first + min($0, live - 1)) * rowBytes }
              Self.transpose(starts, columns, into: vectors)
              let to = target + (first - rows.lowerBound) * newBytes
              for pixel in 0..<count {
                let start = UnsafeRawPointer(vectors) + (lower[pixel] - span.lowerBound) * 48
                for channel in 0..<3 {
                  let sums = sum(pixel, weights.baseAddress!, start + channel * 16, by: 48)
                  for row in 0..<live { to[row * newBytes + pixel * 3 + channel] = sums[row] }
                }
              }
            }
          }
        }
      }
    }
  }

  /// Vectors of a byte from each of sixteen rows.
  @inline(__always) private static func transpose(
    _ rows: [UnsafePointer<UInt8>], _ count: Int, into target: UnsafeMutableRawPointer
  ) {
    rows.withUnsafeBufferPointer { rows in
      for column in 0..<count {
        var vector = Bytes()
        for row in 0..<16 { vector[row] = rows[row][column] }
        target.storeBytes(of: vector, toByteOffset: column * 16, as: Bytes.self)
      }
    }
  }

  /// Resizes columns: of bytes [rows, rowBytes] whose first row is `first`, as [count, rowBytes].
  func alongColumns(_ bytes: [UInt8], rowBytes: Int, first: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count * rowBytes) { target, filled in
      filled = count * rowBytes
      guard let target = target.baseAddress else { return }
      bytes.withUnsafeBufferPointer { bytes in
        weights.withUnsafeBufferPointer { weights in
          for pixel in 0..<count {
            let source = bytes.baseAddress! + (lower[pixel] - first) * rowBytes, to = target + pixel * rowBytes
            let whole = rowBytes / 16 * 16
            for column in stride(from: 0, to: whole, by: 16) {
              let sums = sum(pixel, weights.baseAddress!, UnsafeRawPointer(source + column), by: rowBytes)
              UnsafeMutableRawPointer(to + column).storeBytes(of: sums, as: Bytes.self)
            }
            for column in whole..<rowBytes {
              var total: Int32 = 1 << 21
              for tap in 0..<counts[pixel] {
                total &+= Int32(source[tap * rowBytes + column]) &* weights[pixel * most + tap]
              }
              to[column] = UInt8(min(255, max(0, total >> 22)))
            }
          }
        }
      }
    }
  }
}
