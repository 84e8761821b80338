import CHDF5
import Files

/// One data set read through, a part at a time.
struct Scan {
  /// The check of all its bytes, or texts; 0 where none was wanted.
  private(set) var sum: UInt32 = 0
  /// True if all floats are finite.
  private(set) var isFinite = true
  private let isSummed: Bool

  /// Bytes read at once.
  private static let portion = 1 << 24

  /// Nil where something cannot be read. An obstacle is excluded before: the number of elements is sensible.
  init?(_ dataset: hid_t, isSummed: Bool = true) {
    self.isSummed = isSummed
    guard let type = Handle(H5Dget_type(dataset), H5Tclose), let space = Handle(H5Dget_space(dataset), H5Sclose) else {
      return nil
    }
    let kind = Kind(type.id), size = H5Tget_size(type.id)
    if H5Tdetect_class(type.id, H5T_VLEN) > 0 || H5Tis_variable_str(type.id) > 0 {
      // Lists of varying length are not what these files hold; they are left unread.
      guard kind == .text else { return }
      guard let texts = Reader.texts(of: dataset) else { return nil }
      sum = isSummed ? CRC.zip(of: texts) : 0
      return
    }
    let sizes = Reader.extent(space: space.id)
    guard let extent = Extent(sizes), let total = extent.bytes(elementSize: size) else { return nil }
    guard total > 0 else { return }
    guard !sizes.isEmpty else {
      var bytes = [UInt8](repeating: 0, count: total)
      guard H5Dread(dataset, type.id, 0, 0, HDF5.standard, &bytes) >= 0 else { return nil }
      take(bytes, kind)
      return
    }
    let isRead = Self.forEachPart(of: sizes, elementSize: size) { start, count in
      var start = start.map { hsize_t($0) }, part = count.map { hsize_t($0) }
      H5Sselect_hyperslab(space.id, H5S_SELECT_SET, &start, nil, &part, nil)
      guard let memory = Handle(H5Screate_simple(Int32(part.count), &part, nil), H5Sclose) else { return false }
      var bytes = [UInt8](repeating: 0, count: count.product * size)
      guard H5Dread(dataset, type.id, memory.id, space.id, HDF5.standard, &bytes) >= 0 else { return false }
      take(bytes, kind)
      return true
    }
    if !isRead { return nil }
  }

  /// Calls `body` with the first index and the extent of parts of some 16 MiB, which follow each other as the elements
  /// lie; memory stays small however large the data set, or one of its rows, is. False once `body` returns false.
  private static func forEachPart(
    of sizes: [Int], elementSize: Int, _ body: (_ start: [Int], _ count: [Int]) -> Bool
  ) -> Bool {
    // Parts are cut along the first axis whose rows are small enough; axes before it have one index at a time.
    var cut = 0, rowBytes = Array(sizes.dropFirst()).product * elementSize
    while cut < sizes.count - 1, rowBytes > portion {
      cut += 1
      rowBytes /= sizes[cut]
    }
    let rows = max(1, portion / rowBytes)
    var start = sizes.map { _ in 0 }
    while true {
      var count = sizes
      for axis in 0..<cut { count[axis] = 1 }
      for row in stride(from: 0, to: sizes[cut], by: rows) {
        start[cut] = row
        count[cut] = min(rows, sizes[cut] - row)
        guard body(start, count) else { return false }
      }
      // The next index of the axes before it, the last of them fastest.
      var axis = cut - 1
      while axis >= 0 {
        start[axis] += 1
        if start[axis] < sizes[axis] { break }
        start[axis] = 0
        axis -= 1
      }
      if axis < 0 { return true }
    }
  }

  /// Adds bytes to the check, and looks for infinities and NaN where they are floats in the order of the machine.
  private mutating func take(_ bytes: [UInt8], _ kind: Kind) {
    if isSummed { sum = CRC.zip(bytes, after: sum) }
    bytes.withUnsafeBytes { raw in
      switch kind {
      case .float(bits: 32):
        isFinite = isFinite && raw.bindMemory(to: Float.self).allSatisfy(\.isFinite)
      case .float(bits: 64):
        isFinite = isFinite && raw.bindMemory(to: Double.self).allSatisfy(\.isFinite)
      default: break
      }
    }
  }

  /// The check of a data set of an open file.
  static func checksum(of name: String, in file: hid_t) -> UInt32? {
    guard let dataset = Handle(H5Dopen2(file, name, HDF5.standard), H5Dclose) else { return nil }
    return Scan(dataset.id)?.sum
  }
}
