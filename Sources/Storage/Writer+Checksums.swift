import CHDF5

/// Checksums of data sets that HDF5 does not check itself, for `Verification`.
extension Writer {
  /// Keeps the check of a data set that has none of its own, for `Verification`.
  func note(checksum sum: UInt32, of name: String) {
    let name = name.hasPrefix("/") ? name : "/\(name)"
    // What is checked again counts as it is now.
    checksums.removeAll { $0.name == name }
    checksums.append((name, sum))
  }

  /// Notes the checksum of a data set that was filled over time, by reading it back.
  func seal(_ name: String) throws(StorageError) {
    guard let sum = HDF5.locked({ Scan.checksum(of: name, in: file.id) }) else { throw full }
    note(checksum: sum, of: name)
  }

  /// Notes the checksum of a data set unless it is chunked, which HDF5 checks itself.
  func sealUnlessChunked(_ name: String) throws(StorageError) {
    let isChunked = HDF5.locked { () -> Bool in
      guard let dataset = Handle(H5Dopen2(file.id, name, HDF5.standard), H5Dclose),
        let properties = Handle(H5Dget_create_plist(dataset.id), H5Pclose)
      else { return false }
      return H5Pget_layout(properties.id) == H5D_CHUNKED
    }
    if !isChunked { try seal(name) }
  }

  /// Writes down all checks: a group of its own leaves everything else as tools expect it.
  func writeChecks() throws(StorageError) {
    guard !checksums.isEmpty else { return }
    try write(Verification.text(of: checksums), Verification.dataset)
  }
}
