import Files
import Storage

extension FuzzTarget {
  static let storage: [FuzzTarget] = [
    FuzzTarget(
      "hdf5", seeds: [("Tests/Fuzzing/Corpus/hdf5", ".h5")], words: ["OHDR", "TREE", "SNOD", "HEAP", "FRHP"],
      needsProcess: true
    ) { bytes in
      try withFile(bytes, ".h5") { path in _ = try Verification(path) }
    },
    FuzzTarget("events", seeds: [("Tests/Fuzzing/Corpus/events", ".tfevents")]) { bytes in
      withFile(bytes, "") { _ = EventFile.times(in: $0) }
    },
    FuzzTarget(
      "journal", seeds: [("Tests/Fuzzing/Corpus/journal", ".txt")],
      words: ["add\t", "rewind\t", "\tloss\t", "nan", "inf", "%25", "%09", "%0A", "1e308"]
    ) { bytes in
      // Lines with true checks, which mutation never finds; those without a tab as they are.
      var journal: [UInt8] = []
      for line in bytes.split(separator: UInt8(ascii: "\n")) {
        if line.contains(UInt8(ascii: "\t")) {
          journal += Array(String(Deflate.crc32(line), radix: 16).utf8) + [UInt8(ascii: "\t")]
        }
        journal += line + [UInt8(ascii: "\n")]
      }
      try withFile(journal, ".journal") { path in
        let log = MetricsLog(String(path.dropLast(8)) + ".h5")
        for group in ["train", "eval"] {
          // Every call reads the whole journal.
          for name in try log.names(in: group).prefix(4) { _ = try log.series(group, name) }
        }
      }
    },
  ]
}
