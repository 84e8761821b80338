import CHDF5

/// Versions of the libraries that files are written by.
public enum LibraryVersions {
  /// "1.10.8"
  public static var hdf5: String {
    HDF5.locked {
      var (major, minor, release): (UInt32, UInt32, UInt32) = (0, 0, 0)
      H5get_libversion(&major, &minor, &release)
      return "\(major).\(minor).\(release)"
    }
  }
}
