import CHDF5
import Files
import Glibc

/// An HDF5 file being made. Every axis gets a dimension scale, shared by all data sets that name the same axis.
public final class Writer {
  /// The name that the file has once it is finished; errors name it.
  public let path: String
  let file: Handle
  /// Shared with the closing function of `file`.
  private let ending: Ending
  /// True once the file was closed by `close`, whatever came of it.
  private final class Ending { var isClosed = false }
  /// Paths of the groups that were created.
  private var groups: Set<String> = ["/"]
  /// Paths of the dimension scales that were made.
  var scales: Set<String> = []
  /// Checksums of data sets that HDF5 does not check itself, in the order of writing.
  var checksums: [(name: String, sum: UInt32)] = []

  /// Makes a file beside `path` and puts it in its place when `body` has ended; what was there before stays till then.
  ///
  /// The data are on the disk before the name changes, so that a crash leaves the old file or the new one, never half.
  public static func replacing(_ path: String, _ body: (Writer) throws -> Void) throws {
    let temporary = TemporaryName.of(path)
    do {
      let writer = try Writer(temporary, final: path)
      try body(writer)
      try writer.writeChecks()
      try writer.close()
    } catch {
      unlink(temporary)
      throw error
    }
    try put(temporary, in: path)
  }

  /// Opens what an earlier `begin` left unfinished; nil where there is nothing that opens.
  static func goOn(_ temporary: String, final path: String) -> Writer? {
    guard access(temporary, W_OK) == 0 else { return nil }
    let ending = Ending()
    let handle = HDF5.locked {
      Handle(H5Fopen(temporary, overtone_read_write(), HDF5.standard)) { ending.isClosed ? 0 : H5Fclose($0) }
    }
    guard let handle else { return nil }
    return Writer(handle, ending, path)
  }

  /// Makes a file under a temporary name that is filled over time, perhaps by several programs one after another.
  static func begin(_ temporary: String, final path: String) throws(StorageError) -> Writer {
    try Writer(temporary, final: path)
  }

  private init(_ file: consuming Handle, _ ending: Ending, _ path: String) {
    self.path = path
    self.ending = ending
    self.file = file
  }

  /// Gives a finished file its name.
  static func put(_ temporary: String, in path: String) throws(StorageError) {
    do { try synchronise(temporary, path) } catch {
      unlink(temporary)
      throw error
    }
    guard rename(temporary, path) == 0 else {
      let why = String(cString: strerror(errno))
      unlink(temporary)
      throw StorageError.unwritable(path: path, why: "\(why).")
    }
    let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
    try? synchronise(folder.isEmpty ? (path.hasPrefix("/") ? "/" : ".") : folder, path)
    OpeningCheck.note(written: path)
  }

  /// Waits until the content of a file, or the entries of a folder, are on the disk.
  private static func synchronise(_ name: String, _ path: String) throws(StorageError) {
    let descriptor = Glibc.open(name, O_RDONLY)
    guard descriptor >= 0 else { throw .unwritable(path: path, why: "\(String(cString: strerror(errno))).") }
    defer { Glibc.close(descriptor) }
    // A file system may not know the call.
    guard fsync(descriptor) == 0 || errno == EINVAL || errno == ENOTSUP else {
      throw .unwritable(path: path, why: "\(String(cString: strerror(errno))).")
    }
  }

  /// Creates an empty file under its temporary name. Times are not stored, so that equal contents are equal bytes.
  private init(_ temporary: String, final path: String) throws(StorageError) {
    self.path = path
    // A plain open says why a file cannot be made; HDF5 does not.
    let descriptor = Glibc.open(temporary, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    guard descriptor >= 0 else {
      throw .unwritable(
        path: path, why: "\(String(cString: strerror(errno))); choose a folder that exists and can be written.")
    }
    Glibc.close(descriptor)
    let ending = Ending()
    self.ending = ending
    let handle = HDF5.locked { () -> Handle? in
      let properties = H5Pcreate(overtone_property_file_create())
      defer { H5Pclose(properties) }
      H5Pset_link_creation_order(properties, UInt32(H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED))
      H5Pset_obj_track_times(properties, false)
      return Handle(H5Fcreate(temporary, overtone_truncate(), properties, HDF5.standard)) {
        ending.isClosed ? 0 : H5Fclose($0)
      }
    }
    guard let handle else { throw .unwritable(path: path, why: "HDF5 cannot make the file.") }
    file = handle
  }

  /// Hands everything to the system.
  func finish() throws(StorageError) {
    guard HDF5.locked({ H5Fflush(file.id, H5F_SCOPE_GLOBAL) }) >= 0 else { throw full }
  }

  /// Ends the writing. Closing writes, too: where that fails the file is half.
  func close() throws(StorageError) {
    try finish()
    // HDF5 ends the program where a file is closed again whose closing failed: the handle leaves it alone then.
    ending.isClosed = true
    guard HDF5.locked({ H5Fclose(file.id) }) >= 0 else { throw full }
  }

  /// Hands what was written to a data set to the system. Closing it would, too, but keeps silent where the disk is
  /// full.
  static func isStored(_ dataset: hid_t) -> Bool { H5Dflush(dataset) >= 0 }

  /// The error of a failed write.
  var full: StorageError {
    .unwritable(path: path, why: "the disk may be full; nothing was left under this name.")
  }

  /// Makes the groups that a name lies in.
  func inGroup(of name: String) throws(StorageError) {
    var group = ""
    for piece in name.split(separator: "/").dropLast() {
      group += "/" + piece
      guard groups.insert(group).inserted else { continue }
      let isDone = HDF5.locked { () -> Bool in
        let properties = H5Pcreate(overtone_property_group_create())
        defer { H5Pclose(properties) }
        H5Pset_link_creation_order(properties, UInt32(H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED))
        H5Pset_obj_track_times(properties, false)
        return Handle(H5Gcreate2(file.id, group, HDF5.standard, properties, HDF5.standard), H5Gclose) != nil
      }
      guard isDone else { throw full }
    }
  }
}
