import CHDF5

/// A type of HDF5 in words: "float32", "text", "bool", "compound {x: float64, name: text}".
enum TypeName {
  /// Members of a compound or an enumeration that are named; the rest are counted.
  private static let members: UInt32 = 12
  /// Types inside types that are followed: a damaged file may nest them for ever.
  private static let depth = 4

  /// Returns the words for a type.
  static func text(_ type: hid_t, depth: Int = TypeName.depth) -> String {
    guard depth > 0 else { return "..." }
    let bytes = H5Tget_size(type)
    switch H5Tget_class(type) {
    case H5T_FLOAT, H5T_INTEGER, H5T_STRING: return "\(Kind(type))"
    case H5T_COMPOUND: return compound(type, depth)
    case H5T_ENUM: return enumeration(type, depth)
    case H5T_VLEN: return "lists of \(base(of: type, depth))"
    case H5T_ARRAY: return array(type, depth)
    case H5T_OPAQUE: return "opaque of \(bytes) bytes"
    case H5T_BITFIELD: return "bits of \(bytes) bytes"
    case H5T_REFERENCE: return "reference"
    case H5T_TIME: return "time of \(bytes) bytes"
    default: return "a type that this HDF5 library does not have"
    }
  }

  private static func base(of type: hid_t, _ depth: Int) -> String {
    guard let base = Handle(H5Tget_super(type), H5Tclose) else { return "..." }
    return text(base.id, depth: depth - 1)
  }

  /// Complex numbers are compounds of r and i, as h5py writes them.
  private static func compound(_ type: hid_t, _ depth: Int) -> String {
    let names = names(type)
    let types = names.indices.map { index -> String in
      guard let member = Handle(H5Tget_member_type(type, UInt32(index)), H5Tclose) else { return "..." }
      return text(member.id, depth: depth - 1)
    }
    if names == ["r", "i"], types[0] == types[1], types[0].hasPrefix("float") {
      return "complex\(H5Tget_size(type) * 8)"
    }
    return "compound {" + list(zip(names, types).map { "\($0): \($1)" }, of: type) + "}"
  }

  /// An enumeration of FALSE and TRUE is h5py's bool.
  private static func enumeration(_ type: hid_t, _ depth: Int) -> String {
    let names = names(type)
    return names == ["FALSE", "TRUE"]
      ? "bool" : "enumeration {\(list(names, of: type))} of \(base(of: type, depth))"
  }

  private static func array(_ type: hid_t, _ depth: Int) -> String {
    let rank = H5Tget_array_ndims(type)
    guard (1...32).contains(rank) else { return "array" }
    var sizes = [hsize_t](repeating: 0, count: Int(rank))
    H5Tget_array_dims2(type, &sizes)
    return "array [\(sizes.map { "\($0)" }.joined(separator: ", "))] of \(base(of: type, depth))"
  }

  /// The names of the first members.
  private static func names(_ type: hid_t) -> [String] {
    (0..<min(members, UInt32(max(0, H5Tget_nmembers(type))))).map { index in
      guard let name = H5Tget_member_name(type, index) else { return "..." }
      defer { H5free_memory(name) }
      return ObjectName.text(name).printable
    }
  }

  private static func list(_ parts: [String], of type: hid_t) -> String {
    let rest = Int(H5Tget_nmembers(type)) - parts.count
    return parts.joined(separator: ", ") + (rest > 0 ? ", and \(rest) more" : "")
  }
}
