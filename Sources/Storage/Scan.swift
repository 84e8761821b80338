import CHDF5

/// One data set read through, a part at a time.
struct Scan {
  /// The check of all its bytes, or texts.
  private(set) var sum: UInt32 = 0
  /// True if all floats are finite.
  private(set) var isFinite = true

  /// Bytes read at once.
  private static let portion = 1 << 24

  /// Nil where something cannot be read.
  init?(_ dataset: hid_t) {
    guard let type = Handle(H5Dget_type(dataset), H5Tclose), let space = Handle(H5Dget_space(dataset), H5Sclose) else {
      return nil
    }
    let kind = Kind(type.id), size = H5Tget_size(type.id)
    if H5Tdetect_class(type.id, H5T_VLEN) > 0 || H5Tis_variable_str(type.id) > 0 {
      // Lists of varying length are not what these files hold; they are left unread.
      guard kind == .text else { return }
      guard let texts = Reader.texts(of: dataset) else { return nil }
      sum = CRC.zip(of: texts)
      return
    }
    var sizes = [hsize_t](repeating: 0, count: max(0, Int(H5Sget_simple_extent_ndims(space.id))))
    H5Sget_simple_extent_dims(space.id, &sizes, nil)
    let count = Int(max(0, H5Sget_simple_extent_npoints(space.id)))
    guard count > 0 else { return }
    guard !sizes.isEmpty else {
      var bytes = [UInt8](repeating: 0, count: count * size)
      guard H5Dread(dataset, type.id, 0, 0, HDF5.standard, &bytes) >= 0 else { return nil }
      take(bytes, kind)
      return
    }
    let rowBytes = count / Int(sizes[0]) * size, rows = max(1, Self.portion / max(1, rowBytes))
    var start = sizes.map { _ in hsize_t(0) }
    // Rows of some 16 MiB at a time: memory stays small however large the data set is.
    for row in stride(from: 0, to: Int(sizes[0]), by: rows) {
      var part = sizes
      part[0] = min(hsize_t(rows), sizes[0] - hsize_t(row))
      start[0] = hsize_t(row)
      H5Sselect_hyperslab(space.id, H5S_SELECT_SET, &start, nil, &part, nil)
      guard let memory = Handle(H5Screate_simple(Int32(part.count), &part, nil), H5Sclose) else { return nil }
      var bytes = [UInt8](repeating: 0, count: Int(part[0]) * rowBytes)
      guard H5Dread(dataset, type.id, memory.id, space.id, HDF5.standard, &bytes) >= 0 else { return nil }
      take(bytes, kind)
    }
  }

  /// Adds bytes to the check, and looks for infinities and NaN where they are floats in the order of the machine.
  private mutating func take(_ bytes: [UInt8], _ kind: Kind) {
    sum = CRC.zip(bytes, after: sum)
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
