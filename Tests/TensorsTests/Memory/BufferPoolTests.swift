import Glibc
import Tensors
import Testing

@Suite struct BufferPoolTests {
  @Test("a tensor too large for memory ends the process with a sentence and status 71")
  func exhausted() async {
    let result = await #expect(processExitsWith: .exitCode(71), observing: [\.standardErrorContent]) {
      let large = Tensor(unfilled: [1 << 46]) { _ in }
      #expect(large.count == 0, "2^48 bytes were allocated")
    }
    let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    let sentence = #/error: out of memory: 262144.0 GiB more are needed, 0.\d GiB are in use, and \d+.\d GiB of this /#
    #expect(message.contains(sentence), "\(message)")
    #expect(
      message.contains(
        #/machine's \d+.\d GiB are free; use a smaller batch or model, or a machine with more memory.\n/#), "\(message)"
    )
  }

  @Test(
    "a size that no Int holds, or that is beyond the machine's memory, is out of memory, too",
    arguments: [[1 << 62, 1 << 62], [.max], [3, .max, 2], [1 << 44], [1 << 45]])
  func overflowing(_ shape: [Int]) async {
    await #expect(processExitsWith: .exitCode(71)) { [shape] in
      let large = Tensor(unfilled: shape) { _ in }
      #expect(large.count == 0, "allocated")
    }
    #expect(shape.product >= 1 << 44)
  }

  @Test("a product of lengths that no Int holds is the largest Int, unless a length is 0")
  func products() {
    #expect([1 << 40, 1 << 40].product == .max && [1 << 40, 1 << 40, 0].product == 0 && [Int]().product == 1)
    #expect([3, 5].product == 15 && [.max, 1].product == .max)
  }

  @Test("tensors that are counted, not used, take no memory, and read as zeros")
  func unallocated() {
    let before = BufferPool.bytesInUse, tensors = (1...100).map { Tensor.unallocated([$0 << 24, 16]) }
    #expect(BufferPool.bytesInUse - before < 1 << 20)
    #expect(tensors.last?.count == 100 << 28 && tensors.map(\.shape.count) == Array(repeating: 2, count: 100))
    #expect(tensors[99].withUnsafeScalars { $0[100 << 28 - 1] } == 0 && tensors[0].withUnsafeScalars { $0[0] } == 0)
  }

  @Test(
    "the memory of two tensors never overlaps, and all of it can be written",
    arguments: [1, 10, 1000, 40_000, 1_000_000])
  func separate(_ count: Int) {
    let first = Allocation(count: count), second = Allocation(count: count)
    #expect(first.isUsable && second.isUsable && !first.overlaps(second))
  }

  /// A tensor whose scalars are all written and read back.
  private struct Allocation {
    let tensor: Tensor

    init(count: Int) { tensor = Tensor(unfilled: [count]) { for i in 0..<count { $0[i] = Float(i % 97) } } }

    var isUsable: Bool {
      tensor.withUnsafeScalars { scalars in scalars.indices.allSatisfy { scalars[$0] == Float($0 % 97) } }
    }

    func overlaps(_ other: Allocation) -> Bool {
      tensor.withUnsafeScalars { a in
        other.tensor.withUnsafeScalars { b in
          guard let first = a.baseAddress, let second = b.baseAddress else { return true }
          return first < second + b.count && second < first + a.count
        }
      }
    }
  }

  @Test("scalars begin at a multiple of 64 bytes, whatever the size", arguments: [1, 17, 65, 1000, 32_767, 32_768])
  func aligned(_ count: Int) {
    let tensor = Tensor(zeros: [count])
    tensor.withUnsafeScalars { #expect(Int(bitPattern: $0.baseAddress) % 64 == 0) }
  }

  @Test("freed blocks of all sizes are used again by other threads")
  func threads() async {
    await withTaskGroup(of: Bool.self) { group in
      for seed in 1...8 {
        group.addTask {
          (1...40).allSatisfy { Allocation(count: seed * $0 * 257 % 50_000 + 1).isUsable }
        }
      }
      for await isUsable in group { #expect(isUsable) }
    }
  }
}

@Suite struct RegionTests {
  /// Blocks of a region, and the most bytes that they ever took together.
  private struct Blocks: ~Copyable {
    var region = Region()
    var held: [(block: UnsafeMutableRawPointer, bytes: Int)] = []
    var most = 0

    mutating func take(_ bytes: Int) throws {
      let block = region.take(bytes)
      held.append((try #require(block), bytes))
      most = max(most, held.reduce(0) { $0 + $1.bytes })
    }

    /// Returns the blocks whose index in `held` satisfies a condition.
    mutating func give(_ isReturned: (Int) -> Bool) {
      for (index, entry) in held.enumerated() where isReturned(index) { region.give(entry.block, entry.bytes) }
      held = held.enumerated().filter { !isReturned($0.offset) }.map(\.element)
    }
  }

  @Test("growing sizes, one after another, take no more than the largest")
  func growing() throws {
    var blocks = Blocks(), bytes = 1 << 18
    while bytes < 600_000_000 {
      try blocks.take(bytes)
      blocks.give { _ in true }
      bytes = bytes * 9 / 8 / 64 * 64
    }
    #expect(blocks.region.top == blocks.most)
  }

  @Test("adjacent free blocks merge, and a merged one is divided again")
  func merging() throws {
    var blocks = Blocks()
    for number in 0..<40 { try blocks.take(1_200_000 + 4096 * number) }
    let most = blocks.most
    for round in 0..<20 {
      // Every other one, then all: fragments between blocks, and one large gap.
      blocks.give { round % 2 == 1 || $0 % 2 == 0 }
      for _ in 0..<8 { try blocks.take(round % 2 == 0 ? 800_000 : 6_000_000) }
    }
    #expect(blocks.most == most && blocks.region.top == most)
  }

  @Test("live blocks never overlap")
  func disjoint() throws {
    var blocks = Blocks()
    for round in 1...30 {
      try blocks.take(64 * (round * 37 % 23 + 1))
      if round % 3 == 0 { blocks.give { $0 % 4 == round % 4 } }
      let ranges = blocks.held.map { (Int(bitPattern: $0.block), Int(bitPattern: $0.block) + $0.bytes) }.sorted {
        $0.0 < $1.0
      }
      #expect(zip(ranges, ranges.dropFirst()).allSatisfy { $0.1 <= $1.0 })
    }
  }

  @Test("more bytes than the region has addresses are refused")
  func refused() {
    var region = Region()
    let block = region.take(1 << 60)
    #expect(block == nil && region.top == 0)
  }
}
