/// The scale and the shift that modulate a norm: y = n * (1 + scale) + shift, as adaLN has it (Peebles and Xie 2022,
/// arXiv 2212.09748, section 3.2).
///
/// Both are columns of one tensor [entries, stride], beside whatever else stands there. An entry modulates several
/// successive rows, equally many each: those of one sample.
public struct NormModulation: Sendable {
  /// [entries, stride]
  public var tensor: Tensor
  /// The first column of the shift.
  public var shiftOffset: Int
  /// The first column of the scale.
  public var scaleOffset: Int

  /// The columns of `tensor` [entries, stride] from `shiftOffset` and from `scaleOffset` on, as many as a row is wide.
  public init(_ tensor: Tensor, shiftOffset: Int, scaleOffset: Int) {
    self.tensor = tensor
    self.shiftOffset = shiftOffset
    self.scaleOffset = scaleOffset
  }

  /// These columns without a gradient.
  var detached: NormModulation {
    NormModulation(tensor.detached, shiftOffset: shiftOffset, scaleOffset: scaleOffset)
  }

  /// The layout of the scales and shifts of `rows` rows.
  func layout(rows: Int) -> ModulationLayout {
    ModulationLayout(
      scaleOffset: scaleOffset, shiftOffset: shiftOffset, rowStride: tensor.shape[1],
      rowsPerEntry: ModulationLayout.rowsPerEntry(rows: rows, entries: tensor.shape[0]))
  }
}

/// The positions of the scale and the shift of each row in a tensor [entries, rowStride].
struct ModulationLayout: Sendable {
  /// The first column of the scale and of the shift.
  var scaleOffset = 0, shiftOffset = 0
  /// Floats of an entry.
  var rowStride = 0
  /// Successive rows that one entry modulates.
  var rowsPerEntry = 1

  /// Floats before the entry of a row.
  @inline(__always)
  func offset(row: Int) -> Int { row / rowsPerEntry &* rowStride }

  /// True for the first row of an entry.
  @inline(__always)
  func isFirst(row: Int) -> Bool { row % rowsPerEntry == 0 }

  /// The number of successive rows that each of `entries` modulates.
  static func rowsPerEntry(rows: Int, entries: Int) -> Int {
    precondition(
      entries > 0 && rows % entries == 0, "\(entries) entries do not modulate \(rows) rows, equally many each")
    return rows / entries
  }
}
