import Glibc

/// Memory from the system. Large blocks lie side by side in one region that the system may hold in pages of 2 MiB, which
/// spares faults and look-ups of addresses: a block alone would have such pages only where 2 MiB of it are aligned.
///
/// Given back, a large block is gone at once, and its addresses wait for the next of its size.
/// Calls must not overlap: the pool makes them under its lock.
enum PageBlock {
  /// From here on blocks lie in the region.
  static let large = 1 << 17

  /// At least so many bytes at an address that 64 divides; nil where there are none.
  static func make(_ bytes: Int) -> UnsafeMutableRawPointer? {
    guard bytes >= large else {
      var block: UnsafeMutableRawPointer?
      return posix_memalign(&block, 64, bytes) == 0 ? block : nil
    }
    return region.take(rounded(bytes))
  }

  /// Gives back what `make` gave for so many bytes.
  static func free(_ block: UnsafeMutableRawPointer, _ bytes: Int) {
    if bytes >= large { region.give(block, rounded(bytes)) } else { Glibc.free(block) }
  }

  /// Whole pages.
  private static func rounded(_ bytes: Int) -> Int { (bytes + 4095) / 4096 * 4096 }

  private nonisolated(unsafe) static let region = Region()

  /// Addresses without memory, four times as many as the machine has memory: memory comes when they are written to.
  private final class Region {
    private var next: UnsafeMutableRawPointer?
    private let end: UnsafeMutableRawPointer?
    private var free: [Int: [UnsafeMutableRawPointer]] = [:]

    init() {
      let bytes = 4 * sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))
      let block = mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
      guard let block, block != MAP_FAILED else {
        (next, end) = (nil, nil)
        return
      }
      madvise(block, bytes, MADV_HUGEPAGE)
      (next, end) = (block, block + bytes)
    }

    func take(_ bytes: Int) -> UnsafeMutableRawPointer? {
      if let block = free[bytes]?.popLast() { return block }
      if let block = next, let end, end - block >= bytes {
        next = block + bytes
        return block
      }
      // Where addresses are limited (`ulimit -v`), or used up, blocks are mapped one by one.
      let block = mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
      return block == MAP_FAILED ? nil : block
    }

    func give(_ block: UnsafeMutableRawPointer, _ bytes: Int) {
      madvise(block, bytes, MADV_DONTNEED)
      free[bytes, default: []].append(block)
    }
  }
}
