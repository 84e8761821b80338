import CHDF5
import Glibc
import Tensors

/// Attributes of files and data sets.
extension Writer {
  /// Adds a text as a scalar attribute, UTF-8 of variable length, to an object of the file.
  public func attribute(_ name: String, _ text: String, of object: String = "/") throws(StorageError) {
    let isDone = HDF5.locked { () -> Bool in
      guard let type = textType(), let space = space([]),
        let attribute = Handle(
          H5Acreate_by_name(file.id, object, name, type.id, space.id, HDF5.standard, HDF5.standard, HDF5.standard),
          H5Aclose)
      else { return false }
      return withPointers([text]) { H5Awrite(attribute.id, type.id, $0) >= 0 }
    }
    guard isDone else { throw full }
  }

  /// Adds an integer as a scalar attribute, int64.
  public func attribute(_ name: String, _ number: Int, of object: String = "/") throws(StorageError) {
    try attribute(name, Int64(number), type: overtone_type_int64(), of: object)
  }

  /// Adds a number as a scalar attribute, float64.
  public func attribute(_ name: String, _ number: Double, of object: String = "/") throws(StorageError) {
    try attribute(name, number, type: overtone_type_float64(), of: object)
  }

  /// Adds a scalar attribute of a type that memory and file have in common.
  private func attribute<Number>(
    _ name: String, _ number: Number, type: hid_t, of object: String
  ) throws(StorageError) {
    let isDone = HDF5.locked { () -> Bool in
      guard let space = space([]),
        let attribute = Handle(
          H5Acreate_by_name(file.id, object, name, type, space.id, HDF5.standard, HDF5.standard, HDF5.standard),
          H5Aclose)
      else { return false }
      return withUnsafePointer(to: number) { H5Awrite(attribute.id, type, $0) >= 0 }
    }
    guard isDone else { throw full }
  }

  /// Changes a number that is there already.
  func change(_ name: String, to number: Int) throws(StorageError) {
    let isDone = HDF5.locked { () -> Bool in
      guard let attribute = Handle(H5Aopen(file.id, name, HDF5.standard), H5Aclose) else { return false }
      return withUnsafePointer(to: Int64(number)) { H5Awrite(attribute.id, overtone_type_int64(), $0) >= 0 }
    }
    guard isDone else { throw full }
  }

  /// Marks a data set [height, width, 3] of bytes as an image, so that viewers show it as one.
  public func markAsImage(_ name: String) throws(StorageError) {
    let isDone = HDF5.locked { () -> Bool in
      let texts = [
        ("CLASS", "IMAGE"), ("IMAGE_VERSION", "1.2"), ("IMAGE_SUBCLASS", "IMAGE_TRUECOLOR"),
        ("INTERLACE_MODE", "INTERLACE_PIXEL"),
      ]
      return texts.allSatisfy { H5LTset_attribute_string(file.id, name, $0.0, $0.1) >= 0 }
    }
    guard isDone else { throw full }
  }
}
