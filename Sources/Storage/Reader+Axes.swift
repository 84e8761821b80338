import CHDF5

/// Dimension scales of data sets.
extension Reader {
  /// The name of the first scale of each axis; nil where there is none.
  public func axes(of name: String) -> [String?] {
    scales(of: name).map { $0?.split(separator: "/").last.map(String.init) }
  }

  /// The path of the first scale of each axis; nil where there is none.
  public func scales(of name: String) -> [String?] { (try? on(name) { dataset, _ in Self.scales(of: dataset) }) ?? [] }

  /// The path of the first scale of each axis of an open data set.
  static func scales(of dataset: hid_t) -> [String?] {
    guard let space = Handle(H5Dget_space(dataset), H5Sclose) else { return [] }
    return extent(space: space.id).indices.map { axis -> String? in
      final class Found { var path: String? }
      let found = Found()
      _ = H5DSiterate_scales(
        dataset, UInt32(axis), nil,
        { _, _, scale, context in
          guard let context else { return -1 }
          let size = H5Iget_name(scale, nil, 0)
          var text = [CChar](repeating: 0, count: max(0, size) + 1)
          H5Iget_name(scale, &text, text.count)
          Unmanaged<Found>.fromOpaque(context).takeUnretainedValue().path = ObjectName.text(text)
          return 1
        }, Unmanaged.passUnretained(found).toOpaque())
      return found.path
    }
  }

  /// True if a data set is a dimension scale.
  public func isScale(_ name: String) -> Bool { (try? on(name) { dataset, _ in H5DSis_scale(dataset) > 0 }) ?? false }
}
