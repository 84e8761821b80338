import CHDF5
import Glibc
import Tensors

/// Data sets: numbers and texts, written whole or some rows at a time.
extension Writer {
  /// Writes a tensor as float32 in its shape. Throws `StorageError.unwritable`, as all these do.
  ///
  /// Without names, axes are called dim_ and their length. Data of more than 4096 bytes are chunked, and compressed.
  public func write(_ tensor: Tensor, _ name: String, axes: [Axis]? = nil, compressed: Bool = true) throws(StorageError)
  {
    try write(
      tensor.scalars, name, type: overtone_type_float32(), shape: tensor.shape, axes: axes, compressed: compressed)
  }
  /// Writes numbers as float32, row by row.
  public func write(_ values: [Float], _ name: String, shape: [Int]? = nil, axes: [Axis]? = nil) throws(StorageError) {
    try write(values, name, type: overtone_type_float32(), shape: shape ?? [values.count], axes: axes, compressed: true)
  }
  /// Writes numbers as float64 in one piece, without compression.
  public func write(_ values: [Double], _ name: String, shape: [Int]? = nil, axes: [Axis]? = nil) throws(StorageError) {
    try write(
      values, name, type: overtone_type_float64(), shape: shape ?? [values.count], axes: axes, compressed: false)
  }
  /// Writes integers as int64.
  public func write(_ values: [Int], _ name: String, shape: [Int]? = nil, axes: [Axis]? = nil) throws(StorageError) {
    try write(values, name, type: overtone_type_int64(), shape: shape ?? [values.count], axes: axes, compressed: true)
  }
  /// Writes bytes as uint8.
  public func write(_ values: [UInt8], _ name: String, shape: [Int]? = nil, axes: [Axis]? = nil) throws(StorageError) {
    try write(values, name, type: overtone_type_uint8(), shape: shape ?? [values.count], axes: axes, compressed: true)
  }

  /// One text.
  public func write(_ text: String, _ name: String) throws(StorageError) {
    try write([text], name, isScalar: true, axes: nil)
  }

  /// Texts of any length, UTF-8.
  public func write(_ texts: [String], _ name: String, axes: [Axis]? = nil) throws(StorageError) {
    try write(texts, name, isScalar: false, axes: axes)
  }

  /// Writes texts [count] or a scalar text; the axis of a list is called after the data set unless it is named.
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

  /// Writes numbers with a scale for every axis; a scalar has none.
  private func write<Number: BitwiseCopyable>(
    _ values: [Number], _ name: String, type: hid_t, shape: [Int], axes: [Axis]?, compressed: Bool
  ) throws(StorageError) {
    precondition(shape.product == values.count, "'\(name)' has shape \(shape) and \(values.count) values")
    let chunk = compressed ? chunk(shape, MemoryLayout<Number>.size) : nil
    try store(values, name, type: type, shape: shape, chunk: chunk)
    if !shape.isEmpty { try attach(axes ?? shape.map { Axis("dim_\($0)") }, shape, name) }
  }

  /// Makes a data set of numbers, without axes.
  func store<Number: BitwiseCopyable>(
    _ values: [Number], _ name: String, type: hid_t, shape: [Int], chunk: [Int]? = nil
  ) throws(StorageError) {
    try create(name, type: type, shape: shape, chunk: chunk)
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
    try create(name, type: overtone_type_uint8(), shape: shape, chunk: chunk(shape, 1))
    try attach(axes, shape, name)
  }

  /// An empty data set in one piece, from which single rows are read fast, for `write(_:_:from:)` to fill.
  func createRows<Number: Storable>(of: Number.Type, _ name: String, shape: [Int], axes: [Axis]) throws(StorageError) {
    try create(name, type: Number.type, shape: shape, chunk: nil, isAllocated: true)
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
      // Rows are what follows from the number of values: [rows, sizes[1], …].
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

  /// Creates a data set without values; `isAllocated` reserves its bytes in the file at once.
  private func create(
    _ name: String, type: hid_t, shape: [Int], chunk: [Int]?, isAllocated: Bool = false
  ) throws(StorageError) {
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
    // Axes are cut from the first on, until a chunk has at most 1 MiB: rows stay together.
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
      // Shuffled bytes of equal significance compress better; Fletcher's checksum covers what is stored.
      H5Pset_shuffle(id)
      H5Pset_deflate(id, 4)
      H5Pset_fletcher32(id)
    }
    defer { H5Pclose(id) }
    return body(id)
  }

  /// The extent of a data set or attribute; a scalar for an empty shape.
  func space(_ shape: [Int]) -> Handle? {
    if shape.isEmpty { return Handle(H5Screate(H5S_SCALAR), H5Sclose) }
    var sizes = shape.map { hsize_t($0) }
    return Handle(H5Screate_simple(Int32(sizes.count), &sizes, nil), H5Sclose)
  }

  /// The type of texts: variable length, UTF-8.
  func textType() -> Handle? {
    guard let type = Handle(H5Tcopy(overtone_type_string()), H5Tclose) else { return nil }
    H5Tset_size(type.id, overtone_variable())
    H5Tset_cset(type.id, H5T_CSET_UTF8)
    return type
  }

  /// Runs `body` with an array of C strings, as HDF5 takes texts of variable length.
  func withPointers<Result>(_ texts: [String], _ body: (UnsafeRawPointer) -> Result) -> Result {
    let copies = texts.map { strdup($0) }
    defer { for copy in copies { free(copy) } }
    return copies.withUnsafeBufferPointer { body(UnsafeRawPointer($0.baseAddress ?? UnsafePointer(bitPattern: 8)!)) }
  }
}
