import CHDF5
import Files
import Glibc

/// Sizes that a file declares, checked before memory is allocated for them.
extension Reader {
  /// Bytes that a data set may have without most of them being stored.
  private static let unwritten = 1 << 28
  /// The most that deflate compresses, zeros: 1032 to 1.
  private static let ratio = 1032

  /// Returns the reason why the values of an open data set cannot be read; nil where they can be.
  ///
  /// Nothing is allocated, and no other file is opened. `isWhole`: all values are to be in memory at once.
  func obstacle(_ dataset: hid_t, isWhole: Bool = true) -> Obstacle? {
    guard let properties = Handle(H5Dget_create_plist(dataset), H5Pclose) else { return .undescribed }
    if let obstacle = Self.elsewhere(properties.id) ?? Self.missingFilter(properties.id) { return obstacle }
    guard let type = Handle(H5Dget_type(dataset), H5Tclose), let space = Handle(H5Dget_space(dataset), H5Sclose) else {
      return .undescribed
    }
    guard H5Sget_simple_extent_type(space.id) != H5S_NULL else { return nil }
    let shape = extent(dataset), size = H5Tget_size(type.id)
    guard size > 0 else { return .undescribed }
    guard let extent = Extent(shape), let bytes = extent.bytes(elementSize: size), bytes <= Self.largest else {
      return .damage("its shape \(shape) is that of more bytes than there can be.")
    }
    let stored = Int(clamping: H5Dget_storage_size(dataset))
    if H5Pget_layout(properties.id) == H5D_CHUNKED {
      if let chunk = Self.chunkBytes(properties.id, size), chunk > Self.memory { return Self.tooLarge(chunk) }
    } else if stored != 0, stored < bytes || stored > self.size {
      // What lies in one piece is stored wholly, or not at all.
      return .damage("its shape \(shape) is that of \(bytes) bytes, and the file of \(self.size) bytes holds fewer.")
    }
    if bytes > Self.unwritten, bytes / Self.ratio > stored {
      return Obstacle(
        "its shape \(shape) is that of \(bytes) bytes, of which \(stored) are stored: most was never written.")
    }
    return isWhole && bytes > Self.memory ? Self.tooLarge(bytes) : nil
  }

  /// The largest size that sums and products of a few sizes do not overflow.
  private static let largest = 1 << 60

  private static func tooLarge(_ bytes: Int) -> Obstacle {
    Obstacle("it takes \(bytes) bytes of memory, and at most \(memory) are allocated at once.")
  }

  /// Bytes that may be allocated at once: those of the machine, or half the limit of this process.
  static var memory: Int {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0 else { return Extent.memory }
    return min(Extent.memory, Int(clamping: limit.rlim_cur / 2))
  }

  /// Bytes of a chunk; nil where they cannot be counted.
  private static func chunkBytes(_ properties: hid_t, _ size: Int) -> Int? {
    var sizes = [hsize_t](repeating: 0, count: 33)
    let rank = H5Pget_chunk(properties, 33, &sizes)
    guard rank >= 0 else { return nil }
    return Extent(sizes.prefix(Int(rank)))?.bytes(elementSize: size) ?? .max
  }

  /// Returns an obstacle where the values lie in other files; such files may be any that the user can read.
  private static func elsewhere(_ properties: hid_t) -> Obstacle? {
    if H5Pget_layout(properties) == H5D_VIRTUAL {
      return Obstacle("it consists of data sets of other files, which are not opened.")
    }
    return H5Pget_external_count(properties) > 0
      ? Obstacle("its values lie in another file, which is not opened.") : nil
  }

  /// Returns an obstacle that names the first filter that the library does not have.
  private static func missingFilter(_ properties: hid_t) -> Obstacle? {
    for index in 0..<max(0, H5Pget_nfilters(properties)) {
      var flags: UInt32 = 0, count = 0, configuration: UInt32 = 0
      var name = [CChar](repeating: 0, count: 64)
      let filter = H5Pget_filter2(properties, UInt32(index), &flags, &count, nil, name.count - 1, &name, &configuration)
      guard filter >= 0 else { return .undescribed }
      if H5Zfilter_avail(filter) <= 0 {
        let text = ObjectName.text(name).printable
        return Obstacle(
          "it is stored with a filter that this HDF5 library does not have: \(filter)"
            + (text.isEmpty ? "." : " (\(text))."))
      }
    }
    return nil
  }
}
