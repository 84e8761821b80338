import Files

/// An array as numpy's own files hold it.
///
/// Source: numpy/lib/format.py, version 1.0 of the format.
public struct NumPyArray: Sendable {
  private let type: String
  private let shape: [Int]
  private let values: [UInt8]

  /// Nil for numbers of a kind that numpy has none for.
  public init?(_ raw: RawValues) {
    switch raw.kind {
    case .float(let bits) where [16, 32, 64].contains(bits): type = "<f\(bits / 8)"
    case .integer(bits: 8): type = "|i1"
    case .natural(bits: 8): type = "|u1"
    case .integer(let bits): type = "<i\(bits / 8)"
    case .natural(let bits): type = "<u\(bits / 8)"
    default: return nil
    }
    (shape, values) = (raw.shape, raw.bytes)
  }

  /// Texts, as wide as the longest. Throws where that takes more memory than the machine has.
  public init(_ texts: [String], shape: [Int]) throws(StorageError) {
    let width = max(1, texts.map(\.unicodeScalars.count).max() ?? 1)
    guard Extent([texts.count, width])?.fitsMemory(elementSize: 4) == true else {
      throw .unreadable(
        path: "", why: "\(texts.count) texts of up to \(width) letters take more memory than there is as an array.")
    }
    type = "<U\(width)"
    self.shape = shape
    values = texts.flatMap { text -> [UInt8] in
      let letters = text.unicodeScalars.flatMap { EventFile.bytes($0.value) }
      return letters + Array(repeating: 0, count: 4 * width - letters.count)
    }
  }

  /// The content of a .npy file.
  public var bytes: [UInt8] {
    let axes = shape.count == 1 ? "\(shape[0])," : shape.map { "\($0)" }.joined(separator: ", ")
    var head = "{'descr': '\(type)', 'fortran_order': False, 'shape': (\(axes)), }"
    // Values begin at a multiple of 64: six bytes of magic, two of version, two of length come first.
    head += String(repeating: " ", count: (64 - (10 + head.utf8.count + 1) % 64) % 64) + "\n"
    return [0x93] + Array("NUMPY".utf8) + [1, 0] + EventFile.bytes(UInt16(head.utf8.count)) + Array(head.utf8) + values
  }
}
