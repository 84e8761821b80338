import CHDF5
import Glibc

/// Numbers along a run: /train/NAME [step], each series with a scale /train/NAME_step.
///
/// - attribute of the root: file_type "metrics"
/// - /GROUP/NAME [entries]: float64, without limit, in chunks of 512 with Fletcher's checksum
/// - /GROUP/NAME_step [entries]: float64, the step of each entry, attached as the dimension scale of its axis
///
/// The file is opened, appended to and closed at every call (0.1 ms), so that any tool can read it at any time.
public struct MetricsLog: Sendable {
  /// Path of the file, which the first `append` creates.
  public let path: String
  /// Names a file; nothing is opened.
  public init(_ path: String) { self.path = path }

  /// Adds one number to each of some series.
  public func append(_ group: String, step: Int, _ values: [(name: String, value: Double)]) throws(StorageError) {
    if access(path, F_OK) != 0 {
      do { try Writer.replacing(path) { try $0.attribute("file_type", "metrics") } } catch let error as StorageError {
        throw error
      } catch {
        throw .unwritable(path: path, why: "\(error)")
      }
    }
    let isDone = HDF5.locked { () -> Bool in
      guard let file = Handle(H5Fopen(path, overtone_read_write(), HDF5.standard), H5Fclose) else { return false }
      if H5Lexists(file.id, group, HDF5.standard) <= 0 {
        guard Handle(H5Gcreate2(file.id, group, 0, 0, 0), H5Gclose) != nil else { return false }
      }
      return values.allSatisfy { name, value in
        grow(file.id, "\(group)/\(name)_step", Double(step), scaleFor: nil)
          && grow(file.id, "\(group)/\(name)", value, scaleFor: "\(group)/\(name)_step")
      }
    }
    guard isDone else {
      throw .unwritable(path: path, why: "HDF5 cannot append to it; another program may hold it, or the disk is full.")
    }
  }

  /// Appends one number to a series, which it creates where it is missing; `scale` is the series of steps to attach.
  /// False where HDF5 fails.
  private func grow(_ file: hid_t, _ name: String, _ value: Double, scaleFor scale: String?) -> Bool {
    if H5Lexists(file, name, HDF5.standard) <= 0 {
      var size = hsize_t(0), most = overtone_unlimited(), chunk = hsize_t(512)
      guard let space = Handle(H5Screate_simple(1, &size, &most), H5Sclose),
        let properties = Handle(H5Pcreate(overtone_property_create()), H5Pclose)
      else { return false }
      H5Pset_chunk(properties.id, 1, &chunk)
      H5Pset_fletcher32(properties.id)
      H5Pset_obj_track_times(properties.id, false)
      guard
        let series = Handle(H5Dcreate2(file, name, overtone_type_float64(), space.id, 0, properties.id, 0), H5Dclose)
      else { return false }
      if let scale {
        guard let axis = Handle(H5Dopen2(file, scale, 0), H5Dclose) else { return false }
        guard H5DSset_scale(axis.id, "step") >= 0, H5DSattach_scale(series.id, axis.id, 0) >= 0 else { return false }
      }
    }
    guard let dataset = Handle(H5Dopen2(file, name, 0), H5Dclose) else { return false }
    var count = hsize_t(length(dataset.id)), one = hsize_t(1), start = count
    count += 1
    guard H5Dset_extent(dataset.id, &count) >= 0, let space = Handle(H5Dget_space(dataset.id), H5Sclose),
      let memory = Handle(H5Screate_simple(1, &one, nil), H5Sclose)
    else { return false }
    H5Sselect_hyperslab(space.id, H5S_SELECT_SET, &start, nil, &one, nil)
    return withUnsafePointer(to: value) {
      H5Dwrite(dataset.id, overtone_type_float64(), memory.id, space.id, 0, $0) >= 0 && H5Dflush(dataset.id) >= 0
    }
  }

  /// The number of entries of a series.
  private func length(_ dataset: hid_t) -> Int {
    guard let space = Handle(H5Dget_space(dataset), H5Sclose) else { return 0 }
    return Int(H5Sget_simple_extent_npoints(space.id))
  }

  /// Forgets what lies after `step`: a resumed run writes it again.
  public func rewind(_ group: String, to step: Int) throws(StorageError) {
    guard access(path, F_OK) == 0 else { return }
    let kept = try lengths(group, to: step)
    HDF5.locked {
      guard let file = Handle(H5Fopen(path, overtone_read_write(), HDF5.standard), H5Fclose) else { return }
      for (name, count) in kept {
        guard let dataset = Handle(H5Dopen2(file.id, name, 0), H5Dclose) else { continue }
        var size = hsize_t(count)
        H5Dset_extent(dataset.id, &size)
      }
    }
  }

  /// The number of entries of each data set up to a step. The file is closed again when they are known.
  private func lengths(_ group: String, to step: Int) throws(StorageError) -> [(String, Int)] {
    let reader = try Reader(path)
    var kept: [(String, Int)] = []
    for name in reader.names(in: group) where name.hasSuffix("_step") {
      let count = try reader.doubles("\(group)/\(name)").prefix { $0 <= Double(step) }.count
      kept += [("\(group)/\(name)", count), ("\(group)/\(name.dropLast(5))", count)]
    }
    return kept
  }

  /// Names of the series of a group, as they were begun.
  public func names(in group: String) throws(StorageError) -> [String] {
    guard access(path, F_OK) == 0 else { return [] }
    let reader = try Reader(path)
    return reader.has(group) ? reader.names(in: group).filter { !$0.hasSuffix("_step") } : []
  }

  /// One series: steps and numbers. Empty where there is none.
  public func series(_ group: String, _ name: String) throws(StorageError) -> [(step: Double, value: Double)] {
    guard access(path, F_OK) == 0 else { return [] }
    let reader = try Reader(path)
    guard reader.has("\(group)/\(name)") else { return [] }
    return Array(zip(try reader.doubles("\(group)/\(name)_step"), try reader.doubles("\(group)/\(name)"))).map {
      ($0, $1)
    }
  }
}
