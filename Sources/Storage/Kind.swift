import CHDF5

/// The type of the elements of a data set.
public enum Kind: Equatable, Sendable, CustomStringConvertible {
  /// IEEE 754 binary floating point of 16, 32 or 64 bits.
  case float(bits: Int)
  /// Signed integers in two's complement.
  case integer(bits: Int)
  /// Unsigned integers.
  case natural(bits: Int)
  /// Strings of fixed or variable length.
  case text
  /// Compounds, enumerations, references and the like, which are not read.
  case other

  /// The name that NumPy uses: "float32", "int64", "uint8"; "text" and "something else" beyond numbers.
  public var description: String {
    switch self {
    case .float(let bits): "float\(bits)"
    case .integer(let bits): "int\(bits)"
    case .natural(let bits): "uint\(bits)"
    case .text: "text"
    case .other: "something else"
    }
  }

  /// Reads class, size and sign of a type of HDF5; the byte order does not matter.
  init(_ type: hid_t) {
    let bits = H5Tget_size(type) * 8
    switch H5Tget_class(type) {
    case H5T_FLOAT: self = .float(bits: bits)
    case H5T_INTEGER: self = H5Tget_sign(type) == H5T_SGN_NONE ? .natural(bits: bits) : .integer(bits: bits)
    case H5T_STRING: self = .text
    default: self = .other
    }
  }

  /// True for kinds that HDF5 converts to any numeric type.
  var isNumber: Bool {
    switch self {
    case .float, .integer, .natural: true
    default: false
    }
  }
}

/// Numbers that are written a part at a time.
protocol Storable: BitwiseCopyable {
  /// HDF5's name of the type in memory and on disk.
  static var type: hid_t { get }
}

extension UInt8: Storable { static var type: hid_t { overtone_type_uint8() } }
extension Int32: Storable { static var type: hid_t { overtone_type_int32() } }
extension Int64: Storable { static var type: hid_t { overtone_type_int64() } }
extension Float: Storable { static var type: hid_t { overtone_type_float32() } }
