import CHDF5

/// An HDF5 file read through: all of it must be readable, be what was written, and fit together.
///
/// Data that are stored in chunks carry checks of HDF5's own (Fletcher32) in files that Overtone writes; what is stored
/// in one piece has its CRC-32 written down in a group of its own, so that every data set has a check. Files of others
/// are read through, too, as far as they have checks. A file may be damaged so that HDF5 crashes on it: files of others
/// are read in a process of their own.
public struct Verification: Sendable, Codable {
  /// The data set of checksums: a text with a line for each data set.
  public static let dataset = "checks/crc32"

  /// The content of the data set of checksums: "1f2e3d4c /model/a" in each line, the sum in hexadecimal.
  static func text(of checks: [(name: String, sum: UInt32)]) -> String {
    checks.map { "\(String($0.sum, radix: 16)) \($0.name)\n" }.joined()
  }

  /// Path of the file.
  public let path: String
  /// The kind of file that its attribute names: "checkpoint"; nil for files of others.
  public let kind: String?
  /// Number of data sets that were read, that of the checksums itself left out.
  public private(set) var datasets = 0
  /// Data sets whose bytes have a check of either kind.
  public private(set) var checked = 0
  /// Damage and inconsistencies, a sentence each.
  public private(set) var findings: [String] = []
  /// Data sets that are not read although nothing is known against them, with the reason: a sentence each.
  public private(set) var unread: [String] = []

  /// Reads a file through. Throws where it cannot even be opened.
  public init(_ path: String) throws(StorageError) {
    self.path = path
    let reader = try Reader(path)
    kind = reader.text(attribute: "file_type")
    let checks = kind == nil ? nil : CheckList(reader)
    findings = checks?.findings ?? []
    if kind.map({ !Self.kinds.contains($0) }) ?? (reader.text(attribute: "Conventions") == "Overtone-1") {
      findings.append("its attribute 'file_type' is none of \(Self.kinds.joined(separator: ", ")).")
    }
    for entry in Tree(reader, isDetailed: false).entries {
      switch entry.content {
      case .dataset(let facts) where entry.path != "/\(Self.dataset)" || kind == nil:
        read(entry.path, facts, checks: checks, in: reader)
      case .unreadable(let obstacle): note(obstacle, entry.path)
      default: break
      }
    }
    for name in (checks?.sums ?? [:]).keys.sorted() where !reader.has(name) {
      findings.append("'\(name.printable)' is missing.")
    }
    switch kind {
    case "metrics": series(reader)
    case "checkpoint": checkpoint(reader)
    case "latents": latents(reader)
    default: break
    }
  }

  /// The kinds of files that Overtone writes.
  private static let kinds = ["checkpoint", "images", "latents", "metrics", "samples"]

  /// Notes what cannot be read: as damage, or as something that is left unread.
  private mutating func note(_ obstacle: Obstacle, _ name: String) {
    let sentence = "'\(name.printable)' cannot be read: \(obstacle.reason)"
    if obstacle.isDamage || kind != nil { findings.append(sentence) } else { unread.append(sentence) }
  }

  /// Reads one data set, compares its check, and checks the length of its scales.
  private mutating func read(_ name: String, _ facts: DatasetFacts, checks: CheckList?, in reader: Reader) {
    datasets += 1
    if let obstacle = facts.obstacle { return note(obstacle, name) }
    let stored = checks?.sums[name]
    let scan = try? reader.on(name) { dataset, _ in Scan(dataset, isSummed: stored != nil) }
    guard let scan = scan ?? nil else {
      findings.append("'\(name.printable)' cannot be read; bytes of it changed or are missing.")
      return
    }
    if let stored, stored != scan.sum {
      findings.append("'\(name.printable)' is not what was written; bytes of it changed.")
    }
    if stored != nil || reader.isChecked(name) {
      checked += 1
    } else if kind != nil, kind != "latents" || reader.has(Self.dataset) {
      findings.append("'\(name.printable)' has no check, and every data set has one: a check is damaged.")
    }
    if kind == "checkpoint" && !scan.isFinite {
      findings.append("'\(name.printable)' holds numbers that are not finite.")
    }
    if kind != nil { compareScales(name, reader) }
  }

  /// Compares the length of each axis of a data set with that of its scale.
  private mutating func compareScales(_ name: String, _ reader: Reader) {
    guard !reader.isScale(name), let shape = try? reader.shape(of: name) else { return }
    let scales = reader.scales(of: name)
    for axis in shape.indices {
      guard scales.indices.contains(axis), let scale = scales[axis] else {
        findings.append("axis \(axis) of '\(name)' has no scale.")
        continue
      }
      if let length = try? reader.shape(of: scale).first, length != shape[axis] {
        findings.append("axis \(axis) of '\(name)' has \(shape[axis]) entries, and its scale '\(scale)' \(length).")
      }
    }
  }

  // MARK: Kinds of files

  /// Every series goes up in its steps.
  private mutating func series(_ reader: Reader) {
    for group in reader.names(in: "/") {
      for name in reader.names(in: group) where name.hasSuffix("_step") {
        guard let steps = try? reader.doubles("\(group)/\(name)") else { continue }
        if zip(steps, steps.dropFirst()).contains(where: { $0 > $1 }) {
          findings.append("the steps of '/\(group)/\(name.dropLast(5))' go back.")
        }
      }
    }
  }

  /// Averages and moments belong to parameters that are there, and have their shapes.
  private mutating func checkpoint(_ reader: Reader) {
    guard let cursor = try? reader.ints("cursor/step"), cursor.count == 2, cursor[0] >= 0 else {
      findings.append("'/cursor/step' does not say how many steps were taken.")
      return
    }
    func leaves(_ group: String) -> [String: [Int]] {
      let entries = Tree(reader, below: group, isDetailed: false).entries
      return entries.reduce(into: [:]) { all, entry in
        if case .dataset(let facts) = entry.content { all[entry.path] = facts.shape }
      }
    }
    let model = leaves("/model")
    if model.isEmpty { findings.append("there are no parameters in '/model'.") }
    for (group, suffix) in [("/ema", ""), ("/optimizer", "/m"), ("/optimizer", "/v")] where reader.has(group) {
      for (path, shape) in model.sorted(by: { $0.key < $1.key }) {
        let name = group + path.dropFirst("/model".count) + suffix
        guard reader.has(name) else {
          findings.append("'\(path)' has no counterpart '\(name)'.")
          continue
        }
        if let found = try? reader.shape(of: name), found != shape {
          findings.append("'\(name)' has shape \(found), and '\(path)' \(shape).")
        }
      }
    }
  }

  /// Rows are counted by the attribute `written`: a file that was not finished has fewer than its shape.
  private mutating func latents(_ reader: Reader) {
    let name = reader.has("codes") ? "codes" : "mean"
    guard let count = try? reader.shape(of: name).first, let written = reader.wholeNumber(attribute: "written") else {
      findings.append("there are no latents in it.")
      return
    }
    // Checks are written when all rows are there.
    if count != written {
      findings.append("only \(written) of \(count) rows were written.")
    } else if !reader.has(Self.dataset) {
      findings.append("'/\(Self.dataset)' is missing: the checks are damaged.")
    }
  }
}

extension Reader {
  /// True if HDF5 checks a data set itself.
  func isChecked(_ name: String) -> Bool {
    (try? on(name) { dataset, _ in
      guard let properties = Handle(H5Dget_create_plist(dataset), H5Pclose) else { return false }
      var flags: UInt32 = 0, count = 0, configuration: UInt32 = 0
      return H5Pget_filter_by_id2(
        properties.id, H5Z_FILTER_FLETCHER32, &flags, &count, nil, 0, nil, &configuration) >= 0
    }) ?? false
  }
}
