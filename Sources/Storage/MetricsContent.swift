import CHDF5

/// The entries of a metrics file in memory.
struct MetricsContent {
  /// The entries of one quantity, in the order of their steps.
  struct Series {
    let name: String
    var steps: [Double] = []
    var values: [Double] = []

    /// Puts a number in place of one of the same step, else at the end.
    mutating func add(_ value: Double, at step: Double) {
      // Steps mostly go up: only an earlier one is searched for.
      if let last = steps.last, last >= step, let index = steps.lastIndex(of: step) {
        values[index] = value
      } else {
        steps.append(step)
        values.append(value)
      }
    }

    /// Removes all entries after the first that lies beyond `step`.
    mutating func rewind(to step: Double) {
      let kept = steps.prefix { $0 <= step }.count
      steps.removeSubrange(kept...)
      values.removeSubrange(kept...)
    }
  }

  /// The groups of the file, "train", "validation" and "eval", each with its series in the order of creation.
  private(set) var groups: [(name: String, series: [Series])] = []

  /// No entries.
  init() {}

  /// Reads a file; `only` limits that to series of one name.
  init(from path: String, only: String?) throws(StorageError) {
    let reader = try Reader(path)
    for group in reader.names(in: "/") where reader.isGroup("/\(group)") {
      let names = reader.names(in: group), all = Set(names)
      var series: [Series] = []
      for name in names where all.contains("\(name)_step") && only.map({ $0 == name }) ?? true {
        let steps = try reader.doubles("\(group)/\(name)_step"), values = try reader.doubles("\(group)/\(name)")
        // A file of an earlier version may hold a step without its number.
        let count = min(steps.count, values.count)
        series.append(Series(name: name, steps: Array(steps[..<count]), values: Array(values[..<count])))
      }
      groups.append((group, series))
    }
  }

  /// Returns true where a series of the group goes on beyond a step.
  func hasEntries(in group: String, after step: Double) -> Bool {
    groups.contains { $0.name == group && $0.series.contains { $0.steps.contains { $0 > step } } }
  }

  /// Carries out one record of the journal; `only` limits that to series of one name.
  mutating func apply(_ record: MetricsJournal.Record, only: String? = nil) {
    switch record {
    case .rewind(let group, let step):
      guard let index = groups.firstIndex(where: { $0.name == group }) else { return }
      for series in groups[index].series.indices { groups[index].series[series].rewind(to: step) }
    case .entries(let group, let step, let values):
      if !groups.contains(where: { $0.name == group }) { groups.append((group, [])) }
      guard let index = groups.firstIndex(where: { $0.name == group }) else { return }
      for (name, value) in values where only.map({ $0 == name }) ?? true {
        if !groups[index].series.contains(where: { $0.name == name }) {
          groups[index].series.append(Series(name: name))
        }
        guard let series = groups[index].series.firstIndex(where: { $0.name == name }) else { continue }
        groups[index].series[series].add(value, at: step)
      }
    }
  }

  /// Writes the file in place of an older one, whole or not at all.
  func write(to path: String) throws(StorageError) {
    do {
      try Writer.replacing(path) { file in
        try file.attribute("file_type", "metrics")
        // Groups of a training before others, and series by name: the bytes do not depend on when one began.
        func rank(_ group: String) -> String { (["train": "0", "validation": "1"][group] ?? "2") + group }
        for (group, all) in groups.sorted(by: { rank($0.name) < rank($1.name) }) {
          try file.createPlainGroup(group)
          for series in all.sorted(by: { $0.name < $1.name }) {
            let name = "\(group)/\(series.name)"
            try file.writeExtensible(series.steps, "\(name)_step")
            try file.writeExtensible(series.values, name)
            try file.attachSteps("\(name)_step", to: name)
          }
        }
      }
    } catch let error as StorageError {
      throw error
    } catch {
      throw .unwritable(path: path, why: "\(error)")
    }
  }
}

/// Data sets as metrics files have had them from the first version on: groups that keep no order of creation, and
/// series to which other programs can append.
extension Writer {
  fileprivate func createPlainGroup(_ name: String) throws(StorageError) {
    guard HDF5.locked({ Handle(H5Gcreate2(file.id, name, 0, 0, 0), H5Gclose) != nil }) else { throw full }
  }

  /// Writes numbers [entries] that can grow, in chunks of 512.
  fileprivate func writeExtensible(_ values: [Double], _ name: String) throws(StorageError) {
    let isDone = HDF5.locked { () -> Bool in
      var size = hsize_t(values.count), most = overtone_unlimited(), chunk = hsize_t(512)
      guard let space = Handle(H5Screate_simple(1, &size, &most), H5Sclose),
        let properties = Handle(H5Pcreate(overtone_property_create()), H5Pclose)
      else { return false }
      H5Pset_chunk(properties.id, 1, &chunk)
      H5Pset_fletcher32(properties.id)
      H5Pset_obj_track_times(properties.id, false)
      guard
        let series = Handle(
          H5Dcreate2(file.id, name, overtone_type_float64(), space.id, 0, properties.id, 0), H5Dclose)
      else { return false }
      return (values.isEmpty || H5Dwrite(series.id, overtone_type_float64(), 0, 0, 0, values) >= 0)
        && Self.isStored(series.id)
    }
    guard isDone else { throw full }
  }

  /// Attaches the series of steps as the dimension scale of a series of numbers.
  fileprivate func attachSteps(_ steps: String, to name: String) throws(StorageError) {
    let isDone = HDF5.locked { () -> Bool in
      guard let axis = Handle(H5Dopen2(file.id, steps, 0), H5Dclose),
        let series = Handle(H5Dopen2(file.id, name, 0), H5Dclose)
      else { return false }
      return H5DSset_scale(axis.id, "step") >= 0 && H5DSattach_scale(series.id, axis.id, 0) >= 0
    }
    guard isDone else { throw full }
  }
}
