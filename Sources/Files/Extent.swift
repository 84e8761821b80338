import Glibc

/// The size of an array that a file or a setting declares, computed without overflow: checked before memory is
/// allocated or an array is reshaped.
public struct Extent: Sendable, Equatable {
  /// The number of elements.
  public let count: Int

  /// Nil where a length is negative, or the number of elements does not fit an `Int`. An empty `shape` has one element.
  public init?(_ shape: some Sequence<some BinaryInteger>) {
    var count = 1, isEmpty = false
    for length in shape {
      guard length >= 0, let length = Int(exactly: length) else { return nil }
      // [2^40, 0, 2^40] is empty, and its other lengths still have to be representable.
      if length == 0 { isEmpty = true }
      let (product, overflows) = count.multipliedReportingOverflow(by: max(1, length))
      guard !overflows else { return nil }
      count = product
    }
    self.count = isEmpty ? 0 : count
  }

  /// Returns the bytes of elements of `size` bytes each; nil on overflow.
  public func bytes(elementSize size: Int) -> Int? {
    let (bytes, overflows) = count.multipliedReportingOverflow(by: size)
    return overflows || size < 0 ? nil : bytes
  }

  /// Returns true where elements of `size` bytes each lie in `0..<limit` from byte `offset` on, as a file of `limit`
  /// bytes must hold them.
  public func fits(elementSize size: Int, at offset: Int = 0, limit: Int) -> Bool {
    guard offset >= 0, let bytes = bytes(elementSize: size) else { return false }
    let (end, overflows) = offset.addingReportingOverflow(bytes)
    return !overflows && end <= limit
  }

  /// Bytes of memory that the machine has: an array of more than these is refused before it is allocated.
  public static let memory: Int = {
    let (bytes, overflows) = sysconf(Int32(_SC_PHYS_PAGES)).multipliedReportingOverflow(
      by: sysconf(Int32(_SC_PAGESIZE)))
    return overflows ? .max : bytes
  }()

  /// Returns true where elements of `size` bytes each fit the machine's memory.
  public func fitsMemory(elementSize size: Int) -> Bool { bytes(elementSize: size).map { $0 <= Self.memory } ?? false }
}
