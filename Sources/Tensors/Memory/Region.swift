import Glibc

/// One chunk of addresses from which large blocks are cut, and into which they melt again: a block that goes serves,
/// with its free neighbours, for any other.
///
/// The system may hold it in pages of 2 MiB, which spares faults and look-ups of addresses. Pages once written to stay:
/// giving them back and clearing them anew took a twelfth of a training step.
package struct Region: ~Copyable {
  /// The first address; nil where addresses are limited (`ulimit -v`).
  private let base: UnsafeMutableRawPointer?
  private let size: Int
  /// Bytes from `base` up to the end of the highest block that was ever cut.
  package private(set) var top = 0
  /// Free ranges below `top`, as offsets from `base` in ascending order; no two are adjacent.
  private var gaps: [Range<Int>] = []

  /// Reserves four times as many addresses as the machine has memory. Pages are allocated when they are first written.
  package init() {
    size = 4 * sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))
    let block = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
    guard let block, block != MAP_FAILED else {
      base = nil
      return
    }
    madvise(block, size, MADV_HUGEPAGE)
    base = block
  }

  deinit { if let base { munmap(base, size) } }

  /// Returns true for a block that was cut from this region.
  func contains(_ block: UnsafeMutableRawPointer) -> Bool { base.map { block >= $0 && block < $0 + size } ?? false }

  /// Cuts a block of `bytes`, a multiple of 64, from the smallest gap that holds it; nil where no addresses are left.
  package mutating func take(_ bytes: Int) -> UnsafeMutableRawPointer? {
    guard let base else { return nil }
    var best: Int?, least = Int.max
    for (index, gap) in gaps.enumerated() where gap.count >= bytes && gap.count < least {
      (best, least) = (index, gap.count)
    }
    if let best {
      let start = gaps[best].lowerBound
      if least == bytes { gaps.remove(at: best) } else { gaps[best] = start + bytes..<start + least }
      return base + start
    }
    // No gap is large enough: a new block at the top, begun in the gap that ends there if there is one.
    let start = gaps.last.flatMap { $0.upperBound == top ? $0.lowerBound : nil } ?? top
    guard start + bytes <= size else { return nil }
    if start < top { gaps.removeLast() }
    top = start + bytes
    return base + start
  }

  /// Takes back a block of `bytes` that `take` returned.
  package mutating func give(_ block: UnsafeMutableRawPointer, _ bytes: Int) {
    guard let base else { return }
    var gap = block - base..<block - base + bytes
    // Bisection for the first gap behind the block.
    var (index, end) = (0, gaps.count)
    while index < end {
      let middle = (index + end) / 2
      if gaps[middle].lowerBound < gap.lowerBound { index = middle + 1 } else { end = middle }
    }
    if index < gaps.count, gaps[index].lowerBound == gap.upperBound {
      gap = gap.lowerBound..<gaps[index].upperBound
      gaps.remove(at: index)
    }
    if index > 0, gaps[index - 1].upperBound == gap.lowerBound {
      gaps[index - 1] = gaps[index - 1].lowerBound..<gap.upperBound
    } else {
      gaps.insert(gap, at: index)
    }
  }
}
