import CHDF5
import Glibc
import Tensors

/// Data sets: numbers and texts, written whole or some rows at a time.
extension Writer {
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
    try store(texts, name, isScalar: isScalar)
    if !isScalar {
      try attach(axes ?? [Axis(name.split(separator: "/").last.map { "\($0)_0" } ?? "row")], [texts.count], name)
    }
  }

  /// Makes a data set of texts, without axes.
  func store(_ texts: [String], _ name: String, isScalar: Bool = false) throws(StorageError) {
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
    note(checksum: CRC.zip(of: texts), of: name)
  }

  private func write<Number: BitwiseCopyable>(
    _ name: String, _ type: hid_t, _ shape: [Int], _ values: [Number], _ axes: [Axis]?, _ compressed: Bool
  ) throws(StorageError) {
    precondition(shape.product == values.count, "'\(name)' has shape \(shape) and \(values.count) values")
    let chunk = compressed ? chunk(shape, MemoryLayout<Number>.size) : nil
    try store(values, name, type, shape, chunk)
    if !shape.isEmpty { try attach(axes ?? shape.map { Axis("dim_\($0)") }, shape, name) }
  }

  /// Makes a data set of numbers, without axes.
  func store<Number: BitwiseCopyable>(
    _ values: [Number], _ name: String, _ type: hid_t, _ shape: [Int], _ chunk: [Int]? = nil
  ) throws(StorageError) {
    try create(name, type, shape, chunk)
    let isDone = HDF5.locked { () -> Bool in
      guard let dataset = Handle(H5Dopen2(file.id, name, HDF5.standard), H5Dclose) else { return false }
      return (values.isEmpty || H5Dwrite(dataset.id, type, 0, 0, HDF5.standard, values) >= 0)
        && Self.isStored(dataset.id)
    }
    guard isDone else { throw full }
    // HDF5 checks chunks itself (Fletcher's checksum).
    if chunk == nil { note(checksum: CRC.zip(of: values), of: name) }
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
      let rowSize = sizes.dropFirst().reduce(1, *)
      var start = sizes.map { _ in hsize_t(0) }
      start[0] = hsize_t(row)
      sizes[0] = hsize_t(values.count) / max(1, rowSize)
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
}
