import Files

/// An array of integers of one file of numpy (numpy/lib/format.py, versions 1.0, 2.0 and 3.0).
///
/// Nothing is executed: arrays of Python objects, which numpy pickles, are refused.
public struct NumPyBytes: Sendable {
  /// The type as numpy writes it: "|u1", "<i8".
  public let type: String
  /// Lengths of the axes.
  public let shape: [Int]
  private let bytes: [UInt8]
  private let start: Int

  /// Reads the header; `name` names the array in errors, and the contents are checked against the shape.
  public init(_ bytes: [UInt8], named name: String) throws(ImageError) {
    func refusal(_ why: String) -> ImageError { .unreadable(path: name, why: why) }
    let damaged = refusal("this is no array of numpy, or its header is damaged.")
    // 0x93 "NUMPY", two bytes of version, the length of the header in two bytes or four, the header.
    guard bytes.count >= 12, bytes[0] == 0x93, bytes[1..<6].elementsEqual("NUMPY".utf8), (1...3).contains(bytes[6])
    else { throw damaged }
    let lengthSize = bytes[6] == 1 ? 2 : 4
    let length = bytes[8..<8 + lengthSize].reversed().reduce(0) { $0 << 8 | Int($1) }
    start = 8 + lengthSize + length
    guard start <= bytes.count else { throw damaged }
    let header = String(decoding: bytes[(8 + lengthSize)..<start], as: UTF8.self)
    guard let type = Self.value(of: "descr", in: header), let order = Self.value(of: "fortran_order", in: header),
      let axes = Self.value(of: "shape", in: header)
    else { throw damaged }
    self.type = type.trimming("'\"")
    if self.type.hasSuffix("O") {
      throw refusal("it holds Python objects, which are pickled and never loaded; save an array of integers.")
    }
    guard order == "False" else { throw refusal("it is in Fortran order; save np.ascontiguousarray of it.") }
    var shape: [Int] = []
    for axis in axes.trimming("()").split(separator: ",") {
      let text = String(axis).trimming(" ")
      if text.isEmpty { continue }
      guard let length = Int(text) else { throw damaged }
      shape.append(length)
    }
    guard let size = Self.size(of: self.type) else {
      throw refusal("it holds \(self.type), not integers; images are uint8, labels integers.")
    }
    guard let extent = Extent(shape), extent.bytes(elementSize: size) == bytes.count - start else {
      throw refusal("its shape is \(shape) of \(self.type), and it has \(bytes.count - start) bytes.")
    }
    (self.shape, self.bytes) = (shape, bytes)
  }

  /// Bytes `range`, counted from the first of the array; of 8 bits.
  func bytes(_ range: Range<Int>) -> ArraySlice<UInt8> {
    bytes[(start + range.lowerBound)..<(start + range.upperBound)]
  }

  /// All integers; nil where one does not fit an `Int`.
  var integers: [Int]? {
    let size = Self.size(of: type) ?? 1, isBig = type.hasPrefix(">"), isSigned = type.dropFirst().hasPrefix("i")
    var values: [Int] = []
    values.reserveCapacity((bytes.count - start) / size)
    for first in stride(from: start, to: bytes.count, by: size) {
      let part = bytes[first..<first + size]
      let raw = (isBig ? Array(part) : part.reversed()).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      if isSigned {
        // Sign extension.
        values.append(Int(Int64(bitPattern: raw << UInt64(64 - 8 * size)) >> Int64(64 - 8 * size)))
      } else {
        guard let value = Int(exactly: raw) else { return nil }
        values.append(value)
      }
    }
    return values
  }

  /// Bytes of an integer of a type; nil for all that is none.
  private static func size(of type: String) -> Int? {
    guard let order = type.first, "|<>=".contains(order), let kind = type.dropFirst().first, "iu".contains(kind),
      let size = Int(type.dropFirst(2)), [1, 2, 4, 8].contains(size)
    else { return nil }
    return size
  }

  /// The text of a value in the header, which is a dictionary of Python: "{'descr': '|u1', 'shape': (3, 2), }".
  private static func value(of key: String, in header: String) -> String? {
    guard let start = header.index(after: "'\(key)':") else { return nil }
    var depth = 0, value = ""
    for letter in header[start...] {
      if letter == "(" || letter == "[" { depth += 1 }
      if letter == ")" || letter == "]" { depth -= 1 }
      if depth == 0 && (letter == "," || letter == "}") { break }
      value.append(letter)
    }
    return value.trimming(" ")
  }
}

extension String {
  /// The text without these letters at both ends.
  fileprivate func trimming(_ letters: String) -> String {
    var text = self[...]
    while let first = text.first, letters.contains(first) { text.removeFirst() }
    while let last = text.last, letters.contains(last) { text.removeLast() }
    return String(text)
  }

  /// The index behind the first occurrence of a text.
  fileprivate func index(after text: String) -> String.Index? {
    var rest = self[...]
    while !rest.isEmpty {
      if rest.hasPrefix(text) { return rest.index(rest.startIndex, offsetBy: text.count) }
      rest.removeFirst()
    }
    return nil
  }
}
