import CHDF5
import Glibc
import Tensors

/// An HDF5 file open for reading.
public final class Reader: @unchecked Sendable {  // all calls under HDF5's lock; the handle never changes
  public let path: String
  let file: Handle

  /// Opens a file of any origin in the format of HDF5 up to version 1.10.
  public init(_ path: String) throws(StorageError) {
    self.path = path
    var status = stat()
    guard stat(path, &status) == 0 else { throw .missing(path: path) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw .unreadable(path: path, why: "this is not a file; name an HDF5 file.")
    }
    let isHDF5 = HDF5.locked { H5Fis_hdf5(path) > 0 }
    let handle = HDF5.locked { Handle(H5Fopen(path, overtone_read_only(), HDF5.standard), H5Fclose) }
    guard let handle else {
      if status.st_size == 0 { throw .unreadable(path: path, why: "the file is empty.") }
      guard isHDF5 else { throw .unreadable(path: path, why: "this is not an HDF5 file.") }
      throw .unreadable(
        path: path,
        why:
          "HDF5 cannot open it: it is cut short (an interrupted copy?), or written in a newer format (re-save it in h5py with libver='earliest')."
      )
    }
    file = handle
  }

  public func has(_ name: String) -> Bool {
    HDF5.locked {
      // H5Lexists needs every group of the path to exist.
      var part = ""
      for piece in name.split(separator: "/") {
        part += "/" + piece
        if H5Lexists(file.id, part, HDF5.standard) <= 0 { return false }
      }
      return true
    }
  }

  /// Names of what lies in a group, as they were made where the file knows, else by name.
  public func names(in group: String) -> [String] {
    HDF5.locked {
      guard let group = Handle(H5Gopen2(file.id, group, HDF5.standard), H5Gclose) else { return [] }
      var info = H5G_info_t()
      H5Gget_info(group.id, &info)
      var order = H5_INDEX_CRT_ORDER
      if info.nlinks > 0, H5Lget_name_by_idx(group.id, ".", order, H5_ITER_INC, 0, nil, 0, HDF5.standard) < 0 {
        order = H5_INDEX_NAME
      }
      return (0..<info.nlinks).map { index in
        let size = H5Lget_name_by_idx(group.id, ".", order, H5_ITER_INC, index, nil, 0, HDF5.standard)
        var text = [CChar](repeating: 0, count: max(0, size) + 1)
        H5Lget_name_by_idx(group.id, ".", order, H5_ITER_INC, index, &text, text.count, HDF5.standard)
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      }
    }
  }

  public func isGroup(_ name: String) -> Bool {
    HDF5.locked { Handle(H5Gopen2(file.id, name, HDF5.standard), H5Gclose) != nil }
  }

  public func shape(of name: String) throws(StorageError) -> [Int] {
    try on(name) { dataset, _ in extent(dataset) }
  }

  public func kind(of name: String) throws(StorageError) -> Kind { try on(name) { _, kind in kind } }

  public func tensor(_ name: String) throws(StorageError) -> Tensor {
    let shape = try shape(of: name)
    return Tensor(shape, try numbers(name, nil, overtone_type_float32(), 0 as Float))
  }

  public func floats(_ name: String) throws(StorageError) -> [Float] {
    try numbers(name, nil, overtone_type_float32(), 0)
  }
  public func doubles(_ name: String) throws(StorageError) -> [Double] {
    try numbers(name, nil, overtone_type_float64(), 0)
  }
  public func ints(_ name: String) throws(StorageError) -> [Int] { try numbers(name, nil, overtone_type_int64(), 0) }
  /// The integers of a data set that must hold `count` of them.
  func ints(_ name: String, count: Int) throws(StorageError) -> [Int] {
    let values = try ints(name)
    guard values.count == count else {
      throw .wrongShape(path: path, name: name, found: try shape(of: name), wanted: [count])
    }
    return values
  }
  public func bytes(_ name: String) throws(StorageError) -> [UInt8] { try numbers(name, nil, overtone_type_uint8(), 0) }

  /// Some entries along the first axis.
  public func floats(_ name: String, rows: Range<Int>) throws(StorageError) -> [Float] {
    try numbers(name, rows, overtone_type_float32(), 0)
  }
  public func codes(_ name: String, rows: Range<Int>) throws(StorageError) -> [Int32] {
    try numbers(name, rows, overtone_type_int32(), 0)
  }
  public func bytes(_ name: String, rows: Range<Int>) throws(StorageError) -> [UInt8] {
    try numbers(name, rows, overtone_type_uint8(), 0)
  }

  /// A text, or several, of fixed or variable length.
  public func texts(_ name: String) throws(StorageError) -> [String] {
    let found: [String]? = try on(name) { dataset, kind in kind == .text ? Self.texts(of: dataset) : nil }
    guard let found else { throw .wrongKind(path: path, name: name, found: "\(try kind(of: name))", wanted: "text") }
    return found
  }

  // MARK: Attributes

  public func attribute(_ name: String, of object: String = "/") -> [Double]? {
    onAttribute(name, object) { attribute, kind, count in
      guard kind.isNumber else { return nil }
      var values = [Double](repeating: 0, count: count)
      return H5Aread(attribute, overtone_type_float64(), &values) >= 0 ? values : nil
    }
  }

  /// An attribute as a whole number; nil where it is missing or is no whole number.
  func wholeNumber(attribute name: String) -> Int? { attribute(name)?.first.flatMap { Int(exactly: $0) } }

  public func text(attribute name: String, of object: String = "/") -> String? {
    onAttribute(name, object) { attribute, kind, count in
      guard kind == .text, let type = Handle(H5Aget_type(attribute), H5Tclose) else { return nil }
      return Self.texts(type.id, count) { H5Aread(attribute, $0, $1) }?.first
    }
  }

  /// Names of the attributes of an object, in the order of their making where the file knows it.
  public func attributes(of object: String = "/") -> [String] {
    HDF5.locked {
      guard let object = Handle(H5Oopen(file.id, object, HDF5.standard), H5Oclose) else { return [] }
      let count = H5Aget_num_attrs(object.id)
      return (0..<max(0, Int(count))).compactMap { index in
        guard let attribute = Handle(H5Aopen_idx(object.id, UInt32(index)), H5Aclose) else { return nil }
        let size = H5Aget_name(attribute.id, 0, nil)
        var text = [CChar](repeating: 0, count: max(0, size) + 1)
        H5Aget_name(attribute.id, text.count, &text)
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      }
    }
  }

  // MARK: Axes

  /// The name of the first scale of each axis; nil where there is none.
  public func axes(of name: String) -> [String?] {
    scales(of: name).map { $0?.split(separator: "/").last.map(String.init) }
  }

  /// The path of the first scale of each axis; nil where there is none.
  public func scales(of name: String) -> [String?] {
    (try? on(name) { dataset, _ in
      extent(dataset).indices.map { axis -> String? in
        final class Found { var path: String? }
        let found = Found()
        _ = H5DSiterate_scales(
          dataset, UInt32(axis), nil,
          { _, _, scale, context in
            let size = H5Iget_name(scale, nil, 0)
            var text = [CChar](repeating: 0, count: max(0, size) + 1)
            H5Iget_name(scale, &text, text.count)
            Unmanaged<Found>.fromOpaque(context!).takeUnretainedValue().path = String(
              decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            return 1
          }, Unmanaged.passUnretained(found).toOpaque())
        return found.path
      }
    }) ?? []
  }

  /// True if a data set is a dimension scale.
  public func isScale(_ name: String) -> Bool { (try? on(name) { dataset, _ in H5DSis_scale(dataset) > 0 }) ?? false }

  // MARK: Inside

  private func onAttribute<Result>(_ name: String, _ object: String, _ body: (hid_t, Kind, Int) -> Result?) -> Result? {
    HDF5.locked {
      guard let attribute = Handle(H5Aopen_by_name(file.id, object, name, HDF5.standard, HDF5.standard), H5Aclose),
        let type = Handle(H5Aget_type(attribute.id), H5Tclose), let space = Handle(H5Aget_space(attribute.id), H5Sclose)
      else { return nil }
      return body(attribute.id, Kind(type.id), Int(H5Sget_simple_extent_npoints(space.id)))
    }
  }

  func on<Result>(_ name: String, _ body: (hid_t, Kind) -> Result) throws(StorageError) -> Result {
    let result: Result? = HDF5.locked {
      guard let dataset = Handle(H5Dopen2(file.id, name, HDF5.standard), H5Dclose),
        let type = Handle(H5Dget_type(dataset.id), H5Tclose)
      else { return nil }
      return body(dataset.id, Kind(type.id))
    }
    guard let result else { throw .noDataset(path: path, name: name, near: near(name)) }
    return result
  }

  /// A sibling with nearly the same name.
  private func near(_ name: String) -> String? {
    let parts = name.split(separator: "/"), group = "/" + parts.dropLast().joined(separator: "/")
    let last = parts.last.map(String.init) ?? ""
    let found = names(in: group).first {
      $0.lowercased() == last.lowercased() || $0.hasPrefix(last) || last.hasPrefix($0)
    }
    return found.map { group == "/" ? $0 : group.dropFirst() + "/" + $0 }
  }

  func extent(_ dataset: hid_t) -> [Int] {
    guard let space = Handle(H5Dget_space(dataset), H5Sclose) else { return [] }
    var sizes = [hsize_t](repeating: 0, count: max(0, Int(H5Sget_simple_extent_ndims(space.id))))
    H5Sget_simple_extent_dims(space.id, &sizes, nil)
    return sizes.map { Int($0) }
  }

  private func numbers<Number: BitwiseCopyable>(_ name: String, _ rows: Range<Int>?, _ type: hid_t, _ zero: Number)
    throws(StorageError) -> [Number]
  {
    let outcome: Outcome<Number> = try on(name) { dataset, kind in
      guard kind.isNumber else { return .kind(kind) }
      var shape = extent(dataset)
      guard let rows, !shape.isEmpty else {
        var values = [Number](repeating: zero, count: shape.product)
        return values.isEmpty || H5Dread(dataset, type, 0, 0, HDF5.standard, &values) >= 0 ? .values(values) : .damaged
      }
      guard rows.upperBound <= shape[0], let space = Handle(H5Dget_space(dataset), H5Sclose) else { return .damaged }
      shape[0] = rows.count
      var start = shape.map { _ in hsize_t(0) }, count = shape.map { hsize_t($0) }
      start[0] = hsize_t(rows.lowerBound)
      H5Sselect_hyperslab(space.id, H5S_SELECT_SET, &start, nil, &count, nil)
      guard let memory = Handle(H5Screate_simple(Int32(count.count), &count, nil), H5Sclose) else { return .damaged }
      var values = [Number](repeating: zero, count: shape.product)
      return values.isEmpty || H5Dread(dataset, type, memory.id, space.id, HDF5.standard, &values) >= 0
        ? .values(values) : .damaged
    }
    switch outcome {
    case .values(let values): return values
    case .kind(let kind): throw .wrongKind(path: path, name: name, found: "\(kind)", wanted: "numbers")
    case .damaged: throw .unreadable(path: path, why: "'\(name)' cannot be read: the file is damaged or cut short.")
    }
  }

  /// All texts of a data set of texts.
  static func texts(of dataset: hid_t) -> [String]? {
    guard let type = Handle(H5Dget_type(dataset), H5Tclose), let space = Handle(H5Dget_space(dataset), H5Sclose),
      H5Tget_class(type.id) == H5T_STRING
    else { return nil }
    let count = Int(max(0, H5Sget_simple_extent_npoints(space.id)))
    return texts(type.id, count) { H5Dread(dataset, $0, 0, 0, HDF5.standard, $1) }
  }

  private static func texts(_ type: hid_t, _ count: Int, _ read: (hid_t, UnsafeMutableRawPointer) -> herr_t)
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
    var bytes = [UInt8](repeating: 0, count: max(1, size * count))
    guard read(type, &bytes) >= 0 else { return nil }
    return (0..<count).map { String(decoding: bytes[$0 * size..<($0 + 1) * size].prefix { $0 != 0 }, as: UTF8.self) }
  }
}

/// The outcome of a read.
private enum Outcome<Number> {
  case values([Number])
  case kind(Kind)
  case damaged
}
