import CHDF5

/// An HDF5 file read through: all of it must be readable, be what was written, and fit together.
///
/// Data that are stored in chunks carry checks of HDF5's own (Fletcher32) in files that Overtone writes; what is stored
/// in one piece has its CRC-32 written down in a group of its own. Files of others are read through, too, as far as
/// they have checks.
public struct Verification: Sendable {
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
  private var checks: [String: UInt32] = [:]

  /// Throws where the file cannot even be opened.
  public init(_ path: String) throws(StorageError) {
    self.path = path
    let reader = try Reader(path)
    kind = reader.text(attribute: "file_type")
    if kind != nil, reader.has(Self.dataset) {
      for line in (try reader.texts(Self.dataset).first ?? "").split(separator: "\n") {
        let parts = line.split(separator: " ", maxSplits: 1)
        if parts.count == 2, let sum = UInt32(parts[0], radix: 16) { checks[String(parts[1])] = sum }
      }
    }
    visit("/", reader)
    for name in checks.keys.sorted() where !reader.has(name) { findings.append("'\(name)' is missing.") }
    switch kind {
    case "metrics": series(reader)
    case "checkpoint": checkpoint(reader)
    case "latents": latents(reader)
    default: break
    }
  }

  /// Reads all data sets below a group, depth first in the order of creation.
  private mutating func visit(_ group: String, _ reader: Reader) {
    for name in reader.names(in: group) {
      let path = group == "/" ? "/\(name)" : "\(group)/\(name)"
      if reader.isGroup(path) {
        visit(path, reader)
      } else if path != "/\(Self.dataset)" || kind == nil {
        read(path, reader)
      }
    }
  }

  /// Reads one data set, compares its check, and checks the length of its scales.
  private mutating func read(_ name: String, _ reader: Reader) {
    datasets += 1
    let scan = try? reader.on(name) { dataset, _ in Scan(dataset) }
    guard let scan = scan ?? nil else {
      findings.append("'\(name)' cannot be read; bytes of it changed or are missing.")
      return
    }
    let stored = checks[name]
    if let stored, stored != scan.sum {
      findings.append("'\(name)' is not what was written; bytes of it changed.")
    }
    if stored != nil || reader.isChecked(name) { checked += 1 }
    if kind == "checkpoint" && !scan.isFinite { findings.append("'\(name)' holds numbers that are not finite.") }
    guard kind != nil, !reader.isScale(name), let shape = try? reader.shape(of: name) else { return }
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
      var all: [String: [Int]] = [:]
      for name in reader.names(in: group) {
        let path = "\(group)/\(name)"
        if reader.isGroup(path) {
          all.merge(leaves(path)) { a, _ in a }
        } else {
          all[path] = try? reader.shape(of: path)
        }
      }
      return all
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
    if count != written { findings.append("only \(written) of \(count) rows were written.") }
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
