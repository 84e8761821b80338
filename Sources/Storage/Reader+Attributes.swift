import CHDF5

/// Attributes of the file and its objects.
extension Reader {
  /// The numbers of an attribute, converted to double; nil where it is missing or holds something else.
  public func attribute(_ name: String, of object: String = "/") -> [Double]? {
    onAttribute(name, object) { attribute, kind, count in
      guard kind.isNumber else { return nil }
      var values = [Double](repeating: 0, count: count)
      return H5Aread(attribute, overtone_type_float64(), &values) >= 0 ? values : nil
    }
  }

  /// An attribute as a whole number; nil where it is missing or is no whole number.
  func wholeNumber(attribute name: String) -> Int? { attribute(name)?.first.flatMap { Int(exactly: $0) } }

  /// The text of an attribute, the first where there are several; nil where it is missing or holds something else.
  public func text(attribute name: String, of object: String = "/") -> String? {
    onAttribute(name, object) { attribute, kind, count in
      guard kind == .text, let type = Handle(H5Aget_type(attribute), H5Tclose) else { return nil }
      return Self.texts(type.id, count) { H5Aread(attribute, $0, $1) }?.first
    }
  }

  /// Names of the attributes of an object, in the order of creation where the file keeps it.
  public func attributes(of object: String = "/") -> [String] {
    HDF5.locked {
      guard let object = Handle(H5Oopen(file.id, object, HDF5.standard), H5Oclose) else { return [] }
      let count = H5Aget_num_attrs(object.id)
      return (0..<max(0, Int(count))).compactMap { index in
        guard let attribute = Handle(H5Aopen_idx(object.id, UInt32(index)), H5Aclose) else { return nil }
        let size = H5Aget_name(attribute.id, 0, nil)
        var text = [CChar](repeating: 0, count: max(0, size) + 1)
        H5Aget_name(attribute.id, text.count, &text)
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      }
    }
  }

  /// Runs `body` with an open attribute, its kind and its number of elements; nil where it is missing.
  private func onAttribute<Result>(_ name: String, _ object: String, _ body: (hid_t, Kind, Int) -> Result?) -> Result? {
    HDF5.locked {
      guard let attribute = Handle(H5Aopen_by_name(file.id, object, name, HDF5.standard, HDF5.standard), H5Aclose),
        let type = Handle(H5Aget_type(attribute.id), H5Tclose), let space = Handle(H5Aget_space(attribute.id), H5Sclose)
      else { return nil }
      return body(attribute.id, Kind(type.id), Int(H5Sget_simple_extent_npoints(space.id)))
    }
  }
}
