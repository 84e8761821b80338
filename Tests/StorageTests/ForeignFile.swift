import CHDF5
import Storage

/// Files as programs of others write them, with what `Writer` never writes: made by the HDF5 library itself.
enum ForeignFile {
  static var standard: hid_t { overtone_property_default() }
  static var bytes: hid_t { overtone_type_uint8() }
  static var floats: hid_t { overtone_type_float32() }

  /// Makes a file; `body` gets its identifier.
  static func make(_ path: String, _ body: (hid_t) -> Void) {
    HDF5.locked {
      let file = H5Fcreate(path, overtone_truncate(), standard, standard)
      body(file)
      H5Fclose(file)
    }
  }

  /// Changes a file that is there.
  static func change(_ path: String, _ body: (hid_t) -> Void) {
    HDF5.locked {
      let file = H5Fopen(path, overtone_read_write(), standard)
      body(file)
      H5Fclose(file)
    }
  }

  /// Makes a group; returns whether it was made.
  @discardableResult static func group(_ parent: hid_t, _ name: String) -> Bool {
    H5Gclose(H5Gcreate2(parent, name, standard, standard, standard)) >= 0
  }

  /// Makes a data set without values; in chunks where `chunk` says how large, and as `change` changes its properties.
  static func dataset(
    _ parent: hid_t, _ name: [CChar], _ type: hid_t, _ shape: [UInt64]?, chunk: [UInt64]? = nil,
    _ change: (hid_t) -> Void = { _ in }
  ) {
    let space = shape.map { H5Screate_simple(Int32($0.count), $0, nil) } ?? H5Screate(H5S_NULL)
    let properties = H5Pcreate(overtone_property_create())
    if let chunk { H5Pset_chunk(properties, Int32(chunk.count), chunk) }
    change(properties)
    H5Dclose(H5Dcreate2(parent, name, type, space, standard, properties, standard))
    H5Pclose(properties)
    H5Sclose(space)
  }

  static func dataset(
    _ parent: hid_t, _ name: String, _ type: hid_t, _ shape: [UInt64]?, chunk: [UInt64]? = nil,
    _ change: (hid_t) -> Void = { _ in }
  ) { dataset(parent, Array(name.utf8CString), type, shape, chunk: chunk, change) }
}
