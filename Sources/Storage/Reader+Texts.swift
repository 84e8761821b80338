import CHDF5
import Files

/// Texts of data sets and attributes.
extension Reader {
  /// The texts of an open data set of texts, row by row; `first` limits their number. Nil where they cannot be read.
  static func texts(of dataset: hid_t, first: Int = .max) -> [String]? {
    guard let type = Handle(H5Dget_type(dataset), H5Tclose), let space = Handle(H5Dget_space(dataset), H5Sclose),
      H5Tget_class(type.id) == H5T_STRING
    else { return nil }
    let shape = extent(space: space.id)
    guard let count = Extent(shape)?.count else { return nil }
    guard count > first, shape.count == 1 else {
      return count > first ? nil : texts(type.id, count) { H5Dread(dataset, $0, 0, 0, HDF5.standard, $1) }
    }
    var start: hsize_t = 0, rows = hsize_t(first)
    H5Sselect_hyperslab(space.id, H5S_SELECT_SET, &start, nil, &rows, nil)
    guard let memory = Handle(H5Screate_simple(1, &rows, nil), H5Sclose) else { return nil }
    return texts(type.id, first) { H5Dread(dataset, $0, memory.id, space.id, HDF5.standard, $1) }
  }

  /// The texts of a type of fixed or variable length that `read` reads.
  static func texts(_ type: hid_t, _ count: Int, _ read: (hid_t, UnsafeMutableRawPointer) -> herr_t)
    -> [String]?
  {
    if H5Tis_variable_str(type) > 0 {
      var pointers = [UnsafeMutablePointer<CChar>?](repeating: nil, count: max(1, count))
      guard let memory = Handle(H5Tcopy(type), H5Tclose), read(memory.id, &pointers) >= 0 else { return nil }
      return pointers[..<count].map { pointer in
        defer { H5free_memory(pointer) }
        return pointer.map { String(cString: $0) } ?? ""
      }
    }
    let size = H5Tget_size(type)
    guard size > 0, Extent([count, size])?.fitsMemory(elementSize: 1) == true else { return nil }
    var bytes = [UInt8](repeating: 0, count: max(1, size * count))
    guard read(type, &bytes) >= 0 else { return nil }
    return (0..<count).map { String(decoding: bytes[$0 * size..<($0 + 1) * size].prefix { $0 != 0 }, as: UTF8.self) }
  }
}
