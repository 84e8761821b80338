import CHDF5
import Files

/// Numbers of a data set as they lie in memory, whatever their kind.
public struct RawValues: Sendable {
  /// Type of the elements, in the byte order of the machine.
  public let kind: Kind
  /// Extent of the data set; empty for a scalar.
  public let shape: [Int]
  /// Little-endian, row by row.
  public let bytes: [UInt8]

  /// Every number as a decimal, nothing lost that a Double keeps.
  public var texts: [String] {
    bytes.withUnsafeBytes { raw -> [String]? in
      func all<Number: BitwiseCopyable & LosslessStringConvertible>(_ type: Number.Type) -> [String] {
        raw.bindMemory(to: type).map { $0.description }
      }
      return switch kind {
      case .float(bits: 32): all(Float.self)
      case .float(bits: 64): all(Double.self)
      case .integer(bits: 8): all(Int8.self)
      case .integer(bits: 16): all(Int16.self)
      case .integer(bits: 32): all(Int32.self)
      case .integer(bits: 64): all(Int64.self)
      case .natural(bits: 8): all(UInt8.self)
      case .natural(bits: 16): all(UInt16.self)
      case .natural(bits: 32): all(UInt32.self)
      case .natural(bits: 64): all(UInt64.self)
      default: nil
      }
    } ?? []
  }
}

extension Reader {
  /// A data set of numbers, in the kind that the file keeps them in.
  public func raw(_ name: String) throws(StorageError) -> RawValues {
    let kind = try kind(of: name)
    guard kind.isNumber else { throw .wrongKind(path: path, name: name, found: "\(kind)", wanted: "numbers") }
    var why = "the file is damaged or cut short."
    let found: RawValues? = try on(name) { dataset, kind in
      if let obstacle = obstacle(dataset) {
        why = obstacle.reason
        return nil
      }
      // The machine's own byte order, which files of others may not have.
      guard let stored = Handle(H5Dget_type(dataset), H5Tclose),
        let type = Handle(H5Tget_native_type(stored.id, H5T_DIR_ASCEND), H5Tclose)
      else { return nil }
      let shape = extent(dataset), native = Kind(type.id)
      guard let extent = Extent(shape), extent.fitsMemory(elementSize: H5Tget_size(type.id)) else { return nil }
      var bytes = [UInt8](repeating: 0, count: extent.count * H5Tget_size(type.id))
      guard bytes.isEmpty || H5Dread(dataset, type.id, 0, 0, HDF5.standard, &bytes) >= 0 else { return nil }
      return RawValues(kind: native, shape: shape, bytes: bytes)
    }
    guard let found else {
      throw .unreadable(path: path, why: "'\(name.printable)' cannot be read: \(why)")
    }
    return found
  }
}
