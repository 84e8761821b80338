import Glibc
import Synchronization
import Tensors
import Testing

@Suite struct ThreadPoolTests {
  /// The ranges that work is cut into, in ascending order.
  private func ranges(_ count: Int, grain: Int) -> [Range<Int>] {
    let found = Mutex<[Range<Int>]>([])
    ThreadPool.shared.split(count, grain: grain) { range in found.withLock { $0.append(range) } }
    return found.withLock { $0.sorted { $0.lowerBound < $1.lowerBound } }
  }

  @Test(
    "work is cut the same whether or not the pool is at work, and with fewer threads", arguments: [1, 3, 100, 1000])
  func cuts(_ count: Int) {
    let alone = ranges(count, grain: 1), inside = Mutex<[[Range<Int>]]>([])
    #expect(alone.flatMap { Array($0) } == Array(0..<count))
    ThreadPool.shared.split(ThreadPool.shared.width, grain: 1) { outer in
      for _ in outer {
        let found = ranges(count, grain: 1)
        inside.withLock { $0.append(found) }
      }
    }
    #expect(inside.withLock { $0.count == ThreadPool.shared.width && $0.allSatisfy { $0 == alone } })
    ThreadPool.shared.use(1)
    defer { ThreadPool.shared.use(ThreadPool.shared.width) }
    #expect(ranges(count, grain: 1) == alone)
    #expect(ranges(count, grain: count) == [0..<count])
  }

  @Test("each item is done once, however unevenly long they take", arguments: [0, 31, 63])
  func uneven(_ long: Int) {
    let done = Mutex(Array(repeating: 0, count: 64))
    ThreadPool.shared.split(64, grain: 1) { range in
      for item in range {
        if item == long { usleep(20_000) }
        done.withLock { $0[item] += 1 }
      }
    }
    #expect(done.withLock { $0 } == Array(repeating: 1, count: 64))
  }

  @Test("nothing is done for nothing")
  func nothing() { #expect(ranges(0, grain: 1) == []) }
}
