import CHDF5
import Files
import Glibc
import Tensors

/// An HDF5 file open for reading.
public final class Reader: @unchecked Sendable {  // all calls under HDF5's lock; the handle never changes
  /// Path of the file.
  public let path: String
  let file: Handle
  /// Bytes of the file when it was opened.
  let size: Int

  /// Opens a file of any origin in the format of HDF5 up to version 1.10.
  public init(_ path: String) throws(StorageError) {
    self.path = path
    var status = stat()
    guard stat(path, &status) == 0 else { throw .missing(path: path) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw .unreadable(path: path, why: "this is not a file; name an HDF5 file.")
    }
    if status.st_size > 0 { try OpeningCheck.pass(path) }
    let isHDF5 = HDF5.locked { H5Fis_hdf5(path) > 0 }
    let handle = HDF5.locked { Handle(H5Fopen(path, overtone_read_only(), HDF5.standard), H5Fclose) }
    guard let handle else {
      if status.st_size == 0 { throw .unreadable(path: path, why: "the file is empty.") }
      // HDF5 takes a failing disk for another format.
      do throws(FileError) { _ = try ByteSource(file: path).bytes(at: 0, count: 1) } catch {
        throw .unreadable(path: path, why: "\(error.reason).")
      }
      guard isHDF5 else { throw .unreadable(path: path, why: "this is not an HDF5 file.") }
      throw .unreadable(
        path: path,
        why: "HDF5 cannot open it: it is cut short (an interrupted copy?), or written in a newer format (re-save it in "
          + "h5py with libver='earliest').")
    }
    file = handle
    size = Int(status.st_size)
  }

  /// True if there is a group or data set of this path.
  public func has(_ name: String) -> Bool {
    HDF5.locked {
      // H5Lexists needs every group of the path to exist.
      var part = ""
      for piece in name.split(separator: "/") {
        part += "/" + piece
        if H5Lexists(file.id, ObjectName.bytes(part), HDF5.standard) <= 0 { return false }
      }
      return true
    }
  }

  /// Names of the links of a group, in the order of creation where the file keeps it, else by name. A link may lead
  /// nowhere, and one to another file is not followed.
  public func names(in group: String) -> [String] {
    HDF5.locked {
      guard let group = Handle(H5Gopen2(file.id, ObjectName.bytes(group), HDF5.standard), H5Gclose) else { return [] }
      return Self.links(of: group.id).found.map(\.name)
    }
  }

  /// True if the path is that of a group; false for data sets, and where there is nothing.
  public func isGroup(_ name: String) -> Bool {
    HDF5.locked { Handle(H5Gopen2(file.id, ObjectName.bytes(name), HDF5.standard), H5Gclose) != nil }
  }

  /// The extent of a data set; empty for a scalar. Throws `StorageError.noDataset`, as all readings of data sets do.
  public func shape(of name: String) throws(StorageError) -> [Int] {
    try on(name) { dataset, _ in extent(dataset) }
  }

  /// The element type of a data set, as it is stored.
  public func kind(of name: String) throws(StorageError) -> Kind { try on(name) { _, kind in kind } }

  /// A data set of numbers in its shape, converted to float32.
  public func tensor(_ name: String) throws(StorageError) -> Tensor {
    let shape = try shape(of: name)
    return Tensor(shape, try numbers(name, type: overtone_type_float32(), zero: 0 as Float))
  }

  /// All numbers, row by row, converted to float32. Throws `StorageError.wrongKind` for texts, as all of these do.
  public func floats(_ name: String) throws(StorageError) -> [Float] {
    try numbers(name, type: overtone_type_float32(), zero: 0)
  }
  /// All numbers, row by row, converted to float64.
  public func doubles(_ name: String) throws(StorageError) -> [Double] {
    try numbers(name, type: overtone_type_float64(), zero: 0)
  }
  /// All numbers, row by row, converted to int64: fractions are cut off, as HDF5 converts.
  public func ints(_ name: String) throws(StorageError) -> [Int] {
    try numbers(name, type: overtone_type_int64(), zero: 0)
  }
  /// The integers of a data set that must hold `count` of them.
  func ints(_ name: String, count: Int) throws(StorageError) -> [Int] {
    let values = try ints(name)
    guard values.count == count else {
      throw .wrongShape(path: path, name: name, found: try shape(of: name), wanted: [count])
    }
    return values
  }
  /// All numbers, row by row, converted to uint8: what is out of range becomes 0 or 255.
  public func bytes(_ name: String) throws(StorageError) -> [UInt8] {
    try numbers(name, type: overtone_type_uint8(), zero: 0)
  }

  /// Some entries along the first axis, as float32; rows that are not there are an error.
  public func floats(_ name: String, rows: Range<Int>) throws(StorageError) -> [Float] {
    try numbers(name, rows: rows, type: overtone_type_float32(), zero: 0)
  }
  /// Some entries along the first axis, as int32.
  public func codes(_ name: String, rows: Range<Int>) throws(StorageError) -> [Int32] {
    try numbers(name, rows: rows, type: overtone_type_int32(), zero: 0)
  }
  /// Some entries along the first axis, as uint8.
  public func bytes(_ name: String, rows: Range<Int>) throws(StorageError) -> [UInt8] {
    try numbers(name, rows: rows, type: overtone_type_uint8(), zero: 0)
  }

  /// A text, or several, of fixed or variable length.
  public func texts(_ name: String) throws(StorageError) -> [String] {
    let outcome: Outcome<String> = try on(name) { dataset, kind in
      guard kind == .text else { return .kind(kind) }
      if let obstacle = obstacle(dataset) { return .unreadable(obstacle.reason) }
      return Self.texts(of: dataset).map { .values($0) } ?? .damaged
    }
    return try values(outcome, name, wanted: "text")
  }

  // MARK: Inside

  /// Runs `body` with an open data set and its kind, under the lock.
  func on<Result>(_ name: String, _ body: (hid_t, Kind) -> Result) throws(StorageError) -> Result {
    let result: Result? = HDF5.locked {
      guard let dataset = Handle(H5Dopen2(file.id, ObjectName.bytes(name), HDF5.standard), H5Dclose),
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

  /// The sizes of an open data set; [0] where its space is null, which has no elements.
  func extent(_ dataset: hid_t) -> [Int] {
    guard let space = Handle(H5Dget_space(dataset), H5Sclose) else { return [] }
    return Self.extent(space: space.id)
  }

  /// The sizes of a data space of a data set or attribute.
  static func extent(space: hid_t) -> [Int] {
    if H5Sget_simple_extent_type(space) == H5S_NULL { return [0] }
    var sizes = [hsize_t](repeating: 0, count: max(0, Int(H5Sget_simple_extent_ndims(space))))
    H5Sget_simple_extent_dims(space, &sizes, nil)
    return sizes.map { Int(clamping: $0) }
  }

  /// Reads numbers as `type`, to which HDF5 converts them; all of them, or `rows` of the first axis.
  private func numbers<Number: BitwiseCopyable>(
    _ name: String, rows: Range<Int>? = nil, type: hid_t, zero: Number
  ) throws(StorageError) -> [Number] {
    let outcome: Outcome<Number> = try on(name) { dataset, kind in
      guard kind.isNumber else { return .kind(kind) }
      var shape = extent(dataset)
      let isPart = rows != nil && !shape.isEmpty
      if let obstacle = obstacle(dataset, isWhole: !isPart) { return .unreadable(obstacle.reason) }
      // The obstacles leave out shapes whose product overflows.
      guard isPart, let rows else {
        guard Extent(shape)?.fitsMemory(elementSize: MemoryLayout<Number>.size) == true else { return .damaged }
        var values = [Number](repeating: zero, count: shape.product)
        return values.isEmpty || H5Dread(dataset, type, 0, 0, HDF5.standard, &values) >= 0 ? .values(values) : .damaged
      }
      guard rows.upperBound <= shape[0], let space = Handle(H5Dget_space(dataset), H5Sclose) else { return .damaged }
      // The selected block: [rows, all the rest], from [lowerBound, 0, …].
      shape[0] = rows.count
      guard Extent(shape)?.fitsMemory(elementSize: MemoryLayout<Number>.size) == true else { return .damaged }
      var start = shape.map { _ in hsize_t(0) }, count = shape.map { hsize_t($0) }
      start[0] = hsize_t(rows.lowerBound)
      H5Sselect_hyperslab(space.id, H5S_SELECT_SET, &start, nil, &count, nil)
      guard let memory = Handle(H5Screate_simple(Int32(count.count), &count, nil), H5Sclose) else { return .damaged }
      var values = [Number](repeating: zero, count: shape.product)
      return values.isEmpty || H5Dread(dataset, type, memory.id, space.id, HDF5.standard, &values) >= 0
        ? .values(values) : .damaged
    }
    return try values(outcome, name, wanted: "numbers")
  }

  /// Returns the values of a read, or throws its error.
  private func values<Value>(_ outcome: Outcome<Value>, _ name: String, wanted: String) throws(StorageError) -> [Value]
  {
    switch outcome {
    case .values(let values): return values
    case .kind(let kind): throw .wrongKind(path: path, name: name, found: "\(kind)", wanted: wanted)
    case .unreadable(let why): throw .unreadable(path: path, why: "'\(name.printable)' cannot be read: \(why)")
    case .damaged:
      throw .unreadable(path: path, why: "'\(name.printable)' cannot be read: the file is damaged or cut short.")
    }
  }
}

/// The outcome of a read.
private enum Outcome<Value> {
  /// The numbers or texts, row by row.
  case values([Value])
  /// The kind of a data set that holds something else.
  case kind(Kind)
  /// The reason why it is not even tried.
  case unreadable(String)
  /// HDF5 could not read it, or the rows are not there.
  case damaged
}
