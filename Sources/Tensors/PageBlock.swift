import Glibc

/// Memory from the system. Large blocks are pages of their own: given back they are gone at once, and the system may
/// hold them in pages of 2 MiB, which spares faults and look-ups of addresses.
enum PageBlock {
  /// From here on blocks are pages of their own.
  static let large = 1 << 20

  /// At least so many bytes at an address that 64 divides; nil where there are none.
  static func make(_ bytes: Int) -> UnsafeMutableRawPointer? {
    guard bytes >= large else {
      var block: UnsafeMutableRawPointer?
      return posix_memalign(&block, 64, bytes) == 0 ? block : nil
    }
    let block = mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let block, block != MAP_FAILED else { return nil }
    madvise(block, bytes, MADV_HUGEPAGE)
    return block
  }

  /// Gives back what `make` gave for so many bytes.
  static func free(_ block: UnsafeMutableRawPointer, _ bytes: Int) {
    if bytes >= large { munmap(block, bytes) } else { Glibc.free(block) }
  }
}
