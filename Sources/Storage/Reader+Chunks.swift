import CHDF5

extension Reader {
  /// Entries along the first axis of a data set that are stored in one chunk; 1 where it is stored in one piece.
  func rowsInChunk(of name: String) throws(StorageError) -> Int {
    try on(name) { dataset, _ in
      guard let properties = Handle(H5Dget_create_plist(dataset), H5Pclose),
        H5Pget_layout(properties.id) == H5D_CHUNKED
      else { return 1 }
      var sizes = [hsize_t](repeating: 1, count: 32)
      return H5Pget_chunk(properties.id, Int32(sizes.count), &sizes) > 0 ? max(1, Int(clamping: sizes[0])) : 1
    }
  }
}
