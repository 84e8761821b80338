import CHDF5
import Files

/// The values of an attribute.
package enum AttributeValue: Sendable, Equatable {
  /// Texts in a shape; empty for one text.
  case texts([String], shape: [Int])
  /// Numbers as double in a shape; empty for one number.
  case numbers([Double], shape: [Int])
  /// Values that are not read: the name of their type, or the reason.
  case other(String)
}

/// Attributes of the file and its objects.
extension Reader {
  /// The numbers of an attribute, converted to double; nil where it is missing or holds something else.
  public func attribute(_ name: String, of object: String = "/") -> [Double]? {
    if case .numbers(let values, _) = value(of: name, object) { values } else { nil }
  }

  /// An attribute as a whole number; nil where it is missing or is no whole number.
  func wholeNumber(attribute name: String) -> Int? { attribute(name)?.first.flatMap { Int(exactly: $0) } }

  /// The text of an attribute, the first where there are several; nil where it is missing or holds something else.
  public func text(attribute name: String, of object: String = "/") -> String? {
    if case .texts(let values, _) = value(of: name, object) { values.first } else { nil }
  }

  /// Names of the attributes of an object, in the order of creation where the file keeps it.
  public func attributes(of object: String = "/") -> [String] {
    HDF5.locked {
      guard let object = Handle(H5Oopen(file.id, ObjectName.bytes(object), HDF5.standard), H5Oclose) else { return [] }
      return attributeIDs(of: object.id) { Self.name(ofAttribute: $0) }
    }
  }

  /// Names and values of the attributes of an open object.
  func attributeValues(of object: hid_t) -> [(name: String, value: AttributeValue)] {
    attributeIDs(of: object) { (Self.name(ofAttribute: $0), value($0)) }
  }

  /// Attributes that are listed; objects have a handful, and HDF5 takes time in proportion to the number for each.
  private static let most = 1000

  /// Calls `body` with every attribute of an open object; those that do not open are left out.
  private func attributeIDs<Result>(of object: hid_t, _ body: (hid_t) -> Result) -> [Result] {
    (0..<min(Self.most, max(0, Int(H5Aget_num_attrs(object))))).compactMap { index in
      guard let attribute = Handle(H5Aopen_idx(object, UInt32(index)), H5Aclose) else { return nil }
      return body(attribute.id)
    }
  }

  private static func name(ofAttribute attribute: hid_t) -> String {
    let size = H5Aget_name(attribute, 0, nil)
    var text = [CChar](repeating: 0, count: max(0, size) + 1)
    H5Aget_name(attribute, text.count, &text)
    return ObjectName.text(text)
  }

  /// The values of an attribute; nil where it is missing.
  private func value(of name: String, _ object: String) -> AttributeValue? {
    HDF5.locked {
      let id = H5Aopen_by_name(
        file.id, ObjectName.bytes(object), ObjectName.bytes(name), HDF5.standard, HDF5.standard)
      guard let attribute = Handle(id, H5Aclose) else { return nil }
      return value(attribute.id)
    }
  }

  /// The values of an open attribute.
  private func value(_ attribute: hid_t) -> AttributeValue {
    guard let type = Handle(H5Aget_type(attribute), H5Tclose), let space = Handle(H5Aget_space(attribute), H5Sclose)
    else { return .other("damaged") }
    let kind = Kind(type.id), shape = Self.extent(space: space.id)
    // An attribute is stored wholly, in the file, unless it has no elements.
    guard let extent = Extent(shape), extent.fits(elementSize: H5Tget_size(type.id), limit: size) else {
      return .other("damaged")
    }
    if extent.count == 0 { return kind == .text ? .texts([], shape: shape) : .numbers([], shape: shape) }
    if kind == .text {
      return Self.texts(type.id, extent.count) { H5Aread(attribute, $0, $1) }.map { .texts($0, shape: shape) }
        ?? .other("damaged")
    }
    guard kind.isNumber else { return .other(TypeName.text(type.id)) }
    var values = [Double](repeating: 0, count: extent.count)
    return H5Aread(attribute, overtone_type_float64(), &values) >= 0
      ? .numbers(values, shape: shape) : .other("damaged")
  }
}
