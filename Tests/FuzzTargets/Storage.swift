import Storage

extension FuzzTarget {
  static let storage: [FuzzTarget] = [
    FuzzTarget(
      "hdf5", seeds: [("Tests/Fuzzing/Corpus/hdf5", ".h5")], words: ["OHDR", "TREE", "SNOD", "HEAP", "FRHP"],
      needsProcess: true
    ) {
      bytes in
      try withFile(bytes, ".h5") { path in
        _ = try Verification(path)
      }
    },
    FuzzTarget("events", seeds: [("Tests/Fuzzing/Corpus/events", ".tfevents")]) { bytes in
      withFile(bytes, "") { _ = EventFile.times(in: $0) }
    },
  ]
}
