import CHDF5

/// Links of groups.
extension Reader {
  /// A link of a group.
  struct Link {
    /// The kinds of links.
    enum Kind { case hard, soft, external, other }
    var name: String
    var kind: Kind
  }

  /// Returns all links of an open group, in the order of creation where the file keeps it, else by name.
  ///
  /// One iteration: the name of a link by its number takes time in proportion to the number of links. `isWhole` is
  /// false where the group is damaged, and there are more than were found.
  static func links(of group: hid_t) -> (found: [Link], isWhole: Bool) {
    var info = H5G_info_t()
    guard H5Gget_info(group, &info) >= 0 else { return ([], false) }
    guard info.nlinks > 0 else { return ([], true) }
    let found = links(of: group, by: H5_INDEX_CRT_ORDER) ?? links(of: group, by: H5_INDEX_NAME) ?? []
    return (found, found.count == Int(clamping: info.nlinks))
  }

  /// Nil where the group has no such index, or is damaged before its first link.
  private static func links(of group: hid_t, by index: H5_index_t) -> [Link]? {
    final class Found { var links: [Link] = [] }
    let found = Found()
    let outcome = H5Literate(
      group, index, H5_ITER_INC, nil,
      { _, name, info, context in
        guard let name, let info, let context else { return -1 }
        let kind: Link.Kind =
          switch info.pointee.type {
          case H5L_TYPE_HARD: .hard
          case H5L_TYPE_SOFT: .soft
          case H5L_TYPE_EXTERNAL: .external
          default: .other
          }
        Unmanaged<Found>.fromOpaque(context).takeUnretainedValue().links.append(
          Link(name: ObjectName.text(name), kind: kind))
        return 0
      }, Unmanaged.passUnretained(found).toOpaque())
    return outcome < 0 && found.links.isEmpty ? nil : found.links
  }

  /// Returns the target of a soft link of an open group, or the file and the object of an external one.
  static func target(of name: String, in group: hid_t) -> (file: String?, object: String)? {
    let name = ObjectName.bytes(name)
    var info = H5L_info_t()
    // The format stores at most 65,535 bytes.
    guard H5Lget_info(group, name, &info, HDF5.standard) >= 0, info.u.val_size <= 1 << 16 else { return nil }
    var value = [CChar](repeating: 0, count: info.u.val_size + 1)
    guard H5Lget_val(group, name, &value, info.u.val_size, HDF5.standard) >= 0 else { return nil }
    guard info.type == H5L_TYPE_EXTERNAL else { return (nil, ObjectName.text(value)) }
    var flags: UInt32 = 0
    var file: UnsafePointer<CChar>?, object: UnsafePointer<CChar>?
    guard H5Lunpack_elink_val(value, info.u.val_size, &flags, &file, &object) >= 0, let file, let object else {
      return nil
    }
    return (ObjectName.text(file), ObjectName.text(object))
  }
}
