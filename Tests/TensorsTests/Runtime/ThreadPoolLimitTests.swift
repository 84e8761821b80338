import Synchronization
import Tensors
import Testing

/// The limits of a cut, and of the number of threads.
@Suite(.serialized) struct ThreadPoolLimitTests {
  private func ranges(_ count: Int, grain: Int, unit: Int = 1, pieces: Int = 8) -> [Range<Int>] {
    let found = Mutex<[Range<Int>]>([])
    ThreadPool.shared.split(count, grain: grain, unit: unit, pieces: pieces) { range in
      found.withLock { $0.append(range) }
    }
    return found.withLock { $0.sorted { $0.lowerBound < $1.lowerBound } }
  }

  @Test("ranges are contiguous, cover all items, and begin at multiples of the unit", arguments: [1, 16, 24])
  func units(_ unit: Int) {
    for count in [1, 15, 16, 17, 100, 1000, 12_345] {
      let found = ranges(count, grain: 1, unit: unit)
      #expect(found.allSatisfy { $0.lowerBound % unit == 0 })
      #expect(found.first?.lowerBound == 0 && found.last?.upperBound == count)
      #expect(zip(found, found.dropFirst()).allSatisfy { $0.upperBound == $1.lowerBound })
    }
  }

  @Test("no range but the last is shorter than the grain", arguments: [1, 7, 64, 5000])
  func grain(_ grain: Int) {
    for count in [1, 100, 4096, 9999] {
      #expect(ranges(count, grain: grain).dropLast().allSatisfy { $0.count >= min(grain, count) })
    }
  }

  @Test("a thread gets as many pieces as are wanted, and one where work is short")
  func pieces() {
    let width = ThreadPool.shared.width
    #expect(ranges(width * 100, grain: 1, pieces: 4).count <= width * 4)
    #expect(ranges(width * 100, grain: 1, pieces: 1).count <= width)
    #expect(ranges(3, grain: 100).count == 1)
  }

  @Test("the number of threads stays between one and that of the cores")
  func limits() {
    let width = ThreadPool.shared.width
    defer { ThreadPool.shared.use(width) }
    // Other tests set the number at the same time.
    ThreadPool.shared.use(0)
    #expect(ThreadPool.shared.threads >= 1)
    ThreadPool.shared.use(width + 5)
    #expect(ThreadPool.shared.threads <= width)
  }
}
