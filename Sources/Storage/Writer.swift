import CHDF5
import Glibc
import Tensors

/// One axis of a data set: a name, and what its positions mean where that is more than their number.
public struct Axis: Sendable {
  public enum Values: Sendable { case positions, numbers([Double]), texts([String]) }
  public var name: String
  public var values: Values
  public init(_ name: String, _ values: Values = .positions) {
    self.name = name
    self.values = values
  }
}

/// An HDF5 file being made. Every axis gets a dimension scale, shared by all data sets that name the same axis.
public final class Writer {
  public let path: String
  let file: Handle
  private var groups: Set<String> = ["/"]

  /// Makes a file beside `path` and puts it in its place when `body` has ended; what was there before stays till then.
  ///
  /// The data are on the disk before the name changes, so that a crash leaves the old file or the new one, never half.
  public static func replacing(_ path: String, _ body: (Writer) throws -> Void) throws {
    let temporary = "\(path).tmp.\(getpid())"
    do {
      let writer = try Writer(temporary, final: path)
      try body(writer)
      try writer.writeChecks()
      try writer.finish()
    } catch {
      unlink(temporary)
      throw error
    }
    try put(temporary, in: path)
  }

  /// Opens what an earlier `begin` left unfinished; nil where there is nothing that opens.
  static func goOn(_ temporary: String, final path: String) -> Writer? {
    guard access(temporary, W_OK) == 0 else { return nil }
    guard let file = HDF5.locked({ Handle(H5Fopen(temporary, overtone_read_write(), HDF5.standard), H5Fclose) }) else {
      return nil
    }
    return Writer(file, path)
  }

  /// A file beside its place that is filled over time, perhaps by more than one program after another.
  static func begin(_ temporary: String, final path: String) throws(StorageError) -> Writer {
    try Writer(temporary, final: path)
  }

  private init(_ file: consuming Handle, _ path: String) {
    self.path = path
    self.file = file
  }

  /// Gives a finished file its name.
  static func put(_ temporary: String, in path: String) throws(StorageError) {
    do { try synchronise(temporary, path) } catch {
      unlink(temporary)
      throw error
    }
    guard rename(temporary, path) == 0 else {
      let why = String(cString: strerror(errno))
      unlink(temporary)
      throw StorageError.unwritable(path: path, why: "\(why).")
    }
    let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
    try? synchronise(folder.isEmpty ? (path.hasPrefix("/") ? "/" : ".") : folder, path)
  }

  private static func synchronise(_ name: String, _ path: String) throws(StorageError) {
    let descriptor = Glibc.open(name, O_RDONLY)
    guard descriptor >= 0 else { throw .unwritable(path: path, why: "\(String(cString: strerror(errno))).") }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw .unwritable(path: path, why: "\(String(cString: strerror(errno))).") }
  }

  private init(_ temporary: String, final path: String) throws(StorageError) {
    self.path = path
    // A plain open says why a file cannot be made; HDF5 does not.
    let descriptor = Glibc.open(temporary, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    guard descriptor >= 0 else {
      throw .unwritable(
        path: path, why: "\(String(cString: strerror(errno))); choose a folder that exists and can be written.")
    }
    close(descriptor)
    let handle = HDF5.locked { () -> Handle? in
      let properties = H5Pcreate(overtone_property_file_create())
      defer { H5Pclose(properties) }
      H5Pset_link_creation_order(properties, UInt32(H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED))
      H5Pset_obj_track_times(properties, false)
      return Handle(H5Fcreate(temporary, overtone_truncate(), properties, HDF5.standard), H5Fclose)
    }
    guard let handle else { throw .unwritable(path: path, why: "HDF5 cannot make the file.") }
    file = handle
  }

  /// Hands everything to the system.
  func finish() throws(StorageError) {
    guard HDF5.locked({ H5Fflush(file.id, H5F_SCOPE_GLOBAL) }) >= 0 else { throw full }
  }

  /// Hands what was written to a data set to the system. Closing it would, too, but keeps silent where the disk is full.
  private static func isStored(_ dataset: hid_t) -> Bool { H5Dflush(dataset) >= 0 }

  /// What is said when HDF5 cannot write.
  var full: StorageError {
    .unwritable(path: path, why: "the disk may be full; nothing was left under this name.")
  }

  // MARK: Data sets

  public func write(_ tensor: Tensor, _ name: String, axes: [Axis]? = nil, compressed: Bool = true) throws(StorageError)
  {
    try write(name, overtone_type_float32(), tensor.shape, tensor.scalars, axes, compressed)
  }
  public func write(_ values: [Float], _ name: String, shape: [Int]? = nil, axes: [Axis]? = nil) throws(StorageError) {
    try write(name, overtone_type_float32(), shape ?? [values.count], values, axes, true)
  }
  public func write(_ values: [Double], _ name: String, shape: [Int]? = nil, axes: [Axis]? = nil) throws(StorageError) {
    try write(name, overtone_type_float64(), shape ?? [values.count], values, axes, false)
  }
  public func write(_ values: [Int], _ name: String, shape: [Int]? = nil, axes: [Axis]? = nil) throws(StorageError) {
    try write(name, overtone_type_int64(), shape ?? [values.count], values, axes, true)
  }
  public func write(_ values: [UInt8], _ name: String, shape: [Int]? = nil, axes: [Axis]? = nil) throws(StorageError) {
    try write(name, overtone_type_uint8(), shape ?? [values.count], values, axes, true)
  }

  /// One text.
  public func write(_ text: String, _ name: String) throws(StorageError) {
    try write([text], name, isScalar: true, axes: nil)
  }

  /// Texts of any length, UTF-8.
  public func write(_ texts: [String], _ name: String, axes: [Axis]? = nil) throws(StorageError) {
    try write(texts, name, isScalar: false, axes: axes)
  }

  private func write(_ texts: [String], _ name: String, isScalar: Bool, axes: [Axis]?) throws(StorageError) {
    try inGroup(of: name)
    let isDone = HDF5.locked { () -> Bool in
      guard let type = textType(), let space = self.space(isScalar ? [] : [texts.count]) else { return false }
      guard
        let dataset = withProperties(
          nil,
          {
            Handle(H5Dcreate2(file.id, name, type.id, space.id, HDF5.standard, $0, HDF5.standard), H5Dclose)
          })
      else { return false }
      return withPointers(texts) { texts.isEmpty || H5Dwrite(dataset.id, type.id, 0, 0, HDF5.standard, $0) >= 0 }
        && Self.isStored(dataset.id)
    }
    guard isDone else { throw full }
    check(name, CRC.zip(of: texts))
    if !isScalar {
      try attach(axes ?? [Axis(name.split(separator: "/").last.map { "\($0)_0" } ?? "row")], [texts.count], name)
    }
  }

  private func write<Number: BitwiseCopyable>(
    _ name: String, _ type: hid_t, _ shape: [Int], _ values: [Number], _ axes: [Axis]?, _ compressed: Bool
  ) throws(StorageError) {
    precondition(shape.product == values.count, "'\(name)' has shape \(shape) and \(values.count) values")
    let chunk = compressed ? chunk(shape, MemoryLayout<Number>.size) : nil
    try create(name, type, shape, chunk)
    let isDone = HDF5.locked { () -> Bool in
      guard let dataset = Handle(H5Dopen2(file.id, name, HDF5.standard), H5Dclose) else { return false }
      return (values.isEmpty || H5Dwrite(dataset.id, type, 0, 0, HDF5.standard, values) >= 0)
        && Self.isStored(dataset.id)
    }
    guard isDone else { throw full }
    // Chunks have checks of their own.
    if chunk == nil { check(name, CRC.zip(of: values)) }
    if !shape.isEmpty { try attach(axes ?? shape.map { Axis("dim_\($0)") }, shape, name) }
  }

  /// An empty data set of bytes for `write(bytes:…)` to fill a part at a time.
  public func createBytes(_ name: String, shape: [Int], axes: [Axis]) throws(StorageError) {
    try create(name, overtone_type_uint8(), shape, chunk(shape, 1))
    try attach(axes, shape, name)
  }

  /// An empty data set in one piece, from which single rows are read fast, for `write(_:_:from:)` to fill.
  func createRows<Number: Storable>(of: Number.Type, _ name: String, shape: [Int], axes: [Axis]) throws(StorageError) {
    try create(name, Number.type, shape, nil, isAllocated: true)
    try attach(axes, shape, name)
  }

  /// Fills some entries along the first axis.
  public func write(bytes: [UInt8], _ name: String, from row: Int) throws(StorageError) {
    try write(bytes, name, from: row)
  }

  /// Fills some entries along the first axis.
  func write<Number: Storable>(_ values: [Number], _ name: String, from row: Int) throws(StorageError) {
    let isDone = HDF5.locked { () -> Bool in
      guard let dataset = Handle(H5Dopen2(file.id, name, HDF5.standard), H5Dclose),
        let space = Handle(H5Dget_space(dataset.id), H5Sclose)
      else { return false }
      var sizes = [hsize_t](repeating: 0, count: Int(H5Sget_simple_extent_ndims(space.id)))
      H5Sget_simple_extent_dims(space.id, &sizes, nil)
      let each = sizes.dropFirst().reduce(1, *)
      var start = sizes.map { _ in hsize_t(0) }
      start[0] = hsize_t(row)
      sizes[0] = hsize_t(values.count) / max(1, each)
      H5Sselect_hyperslab(space.id, H5S_SELECT_SET, &start, nil, &sizes, nil)
      guard let memory = Handle(H5Screate_simple(Int32(sizes.count), &sizes, nil), H5Sclose) else { return false }
      return H5Dwrite(dataset.id, Number.type, memory.id, space.id, HDF5.standard, values) >= 0
        && Self.isStored(dataset.id)
    }
    guard isDone else { throw full }
  }

  private func create(_ name: String, _ type: hid_t, _ shape: [Int], _ chunk: [Int]?, isAllocated: Bool = false)
    throws(StorageError)
  {
    try inGroup(of: name)
    let isDone = HDF5.locked { () -> Bool in
      guard let space = space(shape) else { return false }
      return withProperties(chunk) { properties in
        if isAllocated {
          // Where everything lies is settled at once: a program that dies while filling leaves a file that opens.
          H5Pset_alloc_time(properties, H5D_ALLOC_TIME_EARLY)
          H5Pset_fill_time(properties, H5D_FILL_TIME_NEVER)
        }
        return Handle(H5Dcreate2(file.id, name, type, space.id, HDF5.standard, properties, HDF5.standard), H5Dclose)
          != nil
      }
    }
    guard isDone else { throw full }
  }

  /// Chunks of 64 kB to 1 MB along the first axes; nil for what is small.
  private func chunk(_ shape: [Int], _ size: Int) -> [Int]? {
    guard shape.product * size > 4096 else { return nil }
    var chunk = shape
    for axis in shape.indices where chunk.product * size > 1 << 20 {
      chunk[axis] = max(1, min(shape[axis], (1 << 18) / max(1, chunk[(axis + 1)...].reduce(1, *) * size)))
    }
    return chunk
  }

  /// Runs `body` with a property list for data sets, chunked and compressed where `chunk` says how.
  private func withProperties<Result: ~Copyable>(_ chunk: [Int]?, _ body: (hid_t) -> Result) -> Result {
    let id = H5Pcreate(overtone_property_create())
    H5Pset_obj_track_times(id, false)
    H5Pset_attr_creation_order(id, UInt32(H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED))
    if let chunk {
      var sizes = chunk.map { hsize_t($0) }
      H5Pset_chunk(id, Int32(sizes.count), &sizes)
      H5Pset_shuffle(id)
      H5Pset_deflate(id, 4)
      H5Pset_fletcher32(id)
    }
    defer { H5Pclose(id) }
    return body(id)
  }

  func space(_ shape: [Int]) -> Handle? {
    if shape.isEmpty { return Handle(H5Screate(H5S_SCALAR), H5Sclose) }
    var sizes = shape.map { hsize_t($0) }
    return Handle(H5Screate_simple(Int32(sizes.count), &sizes, nil), H5Sclose)
  }

  func textType() -> Handle? {
    guard let type = Handle(H5Tcopy(overtone_type_string()), H5Tclose) else { return nil }
    H5Tset_size(type.id, overtone_variable())
    H5Tset_cset(type.id, H5T_CSET_UTF8)
    return type
  }

  func withPointers<Result>(_ texts: [String], _ body: (UnsafeRawPointer) -> Result) -> Result {
    let copies = texts.map { strdup($0) }
    defer { for copy in copies { free(copy) } }
    return copies.withUnsafeBufferPointer { body(UnsafeRawPointer($0.baseAddress ?? UnsafePointer(bitPattern: 8)!)) }
  }

  /// Makes the groups that a name lies in.
  private func inGroup(of name: String) throws(StorageError) {
    var group = ""
    for piece in name.split(separator: "/").dropLast() {
      group += "/" + piece
      guard groups.insert(group).inserted else { continue }
      let isDone = HDF5.locked { () -> Bool in
        let properties = H5Pcreate(overtone_property_group_create())
        defer { H5Pclose(properties) }
        H5Pset_link_creation_order(properties, UInt32(H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED))
        H5Pset_obj_track_times(properties, false)
        return Handle(H5Gcreate2(file.id, group, HDF5.standard, properties, HDF5.standard), H5Gclose) != nil
      }
      guard isDone else { throw full }
    }
  }

  // MARK: Axes

  private var scales: Set<String> = []

  /// Scales lie at the root, where xarray finds them from every group, one per name; the same name must always mean the same length.
  private func attach(_ axes: [Axis], _ shape: [Int], _ name: String) throws(StorageError) {
    precondition(axes.count == shape.count, "'\(name)' of shape \(shape) has \(axes.count) axes")
    for (index, axis) in axes.enumerated() {
      let scale = "/\(axis.name)"
      if scales.insert(scale).inserted {
        try inGroup(of: scale)
        switch axis.values {
        case .positions: try createScale(scale, shape[index], (0..<shape[index]).map(Double.init))
        case .numbers(let numbers): try createScale(scale, shape[index], numbers)
        case .texts(let texts): try createScale(scale, texts)
        }
      }
      let isDone = HDF5.locked { () -> Bool in
        guard let dataset = Handle(H5Dopen2(file.id, name, HDF5.standard), H5Dclose),
          let scale = Handle(H5Dopen2(file.id, scale, HDF5.standard), H5Dclose)
        else { return false }
        if H5DSis_scale(scale.id) <= 0, H5DSset_scale(scale.id, axis.name) < 0 { return false }
        return H5DSattach_scale(dataset.id, scale.id, UInt32(index)) >= 0
      }
      guard isDone else { throw full }
    }
  }

  private func createScale(_ name: String, _ count: Int, _ values: [Double]) throws(StorageError) {
    try create(name, overtone_type_float64(), [count], nil)
    let isDone = HDF5.locked { () -> Bool in
      guard let dataset = Handle(H5Dopen2(file.id, name, HDF5.standard), H5Dclose) else { return false }
      return (values.isEmpty || H5Dwrite(dataset.id, overtone_type_float64(), 0, 0, HDF5.standard, values) >= 0)
        && Self.isStored(dataset.id)
    }
    guard isDone else { throw full }
    check(name, CRC.zip(of: values))
  }

  private func createScale(_ name: String, _ texts: [String]) throws(StorageError) {
    let isDone = HDF5.locked { () -> Bool in
      guard let type = textType(), let space = space([texts.count]),
        let dataset = withProperties(
          nil,
          {
            Handle(H5Dcreate2(file.id, name, type.id, space.id, HDF5.standard, $0, HDF5.standard), H5Dclose)
          })
      else { return false }
      return withPointers(texts) { texts.isEmpty || H5Dwrite(dataset.id, type.id, 0, 0, HDF5.standard, $0) >= 0 }
        && Self.isStored(dataset.id)
    }
    guard isDone else { throw full }
    check(name, CRC.zip(of: texts))
  }

  // MARK: Checks

  private var checks: [(name: String, sum: UInt32)] = []

  /// Keeps the check of a data set that has none of its own, for `Verification`.
  private func check(_ name: String, _ sum: UInt32) {
    let name = name.hasPrefix("/") ? name : "/\(name)"
    // What is checked again counts as it is now.
    checks.removeAll { $0.name == name }
    checks.append((name, sum))
  }

  /// The same for one that was filled over time, read back.
  func seal(_ name: String) throws(StorageError) {
    guard let sum = HDF5.locked({ Scan.checksum(of: name, in: file.id) }) else { throw full }
    check(name, sum)
  }

  /// The same where HDF5 does not check it: few images lie in one piece.
  func sealUnlessChunked(_ name: String) throws(StorageError) {
    let isChunked = HDF5.locked { () -> Bool in
      guard let dataset = Handle(H5Dopen2(file.id, name, HDF5.standard), H5Dclose),
        let properties = Handle(H5Dget_create_plist(dataset.id), H5Pclose)
      else { return false }
      return H5Pget_layout(properties.id) == H5D_CHUNKED
    }
    if !isChunked { try seal(name) }
  }

  /// Writes down all checks: a group of its own leaves everything else as tools expect it.
  func writeChecks() throws(StorageError) {
    guard !checks.isEmpty else { return }
    try write(Verification.text(of: checks), Verification.dataset)
  }
}
