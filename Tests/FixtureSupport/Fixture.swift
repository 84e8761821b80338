import Glibc
import Storage
import Tensors

/// A file of numbers that others' programs made, to compare ours with.
///
/// Files lie in the folder that `OVERTONE_FIXTURES` names, else in `Tests/Fixtures`. What is missing is an error: no
/// comparison is left out in silence.
public struct Fixture: Sendable {
  private let reader: Reader

  /// "far" opens far.h5.
  public init(_ name: String, file: StaticString = #filePath) throws {
    let here = "\(file)"
    let fallback = here.range(of: "/Tests/").map { here[..<$0] + "/Tests/Fixtures" } ?? "Tests/Fixtures"
    let folder = getenv("OVERTONE_FIXTURES").map { String(cString: $0) } ?? fallback
    reader = try Reader("\(folder)/\(name).h5")
  }

  public func shape(_ name: String) throws -> [Int] { try reader.shape(of: name) }
  public func tensor(_ name: String) throws -> Tensor { try reader.tensor(name) }
  public func doubles(_ name: String) throws -> [Double] { try reader.doubles(name) }
  public func ints(_ name: String) throws -> [Int] { try reader.ints(name) }
  public func names(_ group: String) -> [String] { reader.names(in: group) }
  public func has(_ name: String) -> Bool { reader.has(name) }

  /// An attribute of the whole file, as whole numbers.
  public func sizes(_ attribute: String) throws -> [Int] {
    guard let values = reader.attribute(attribute) else { throw MissingAttribute(path: reader.path, name: attribute) }
    return values.map { Int($0) }
  }

  /// Images stored [batch, channels, height, width], in our order [batch, height, width, channels].
  public func images(_ name: String) throws -> Tensor { try tensor(name).permuted([0, 2, 3, 1]) }

  /// How far a result in single precision may be from `name`: 20 times the other program's own rounding, and 2e-5 of
  /// the largest value.
  public func tolerance(_ name: String) throws -> Float {
    let noise = reader.attribute("f32_vs_f64_max_abs", of: name)?.first ?? 0
    let largest = try tensor(name).scalars.map(abs).max() ?? 0
    return Float(20 * noise) + 2e-5 * largest + 1e-7
  }
}

/// A file lacks a number that says how large things are.
public struct MissingAttribute: Error, CustomStringConvertible {
  let path: String
  let name: String
  public var description: String { "\(path): there is no attribute '\(name)'." }
}

extension String {
  /// Where a text stands first.
  fileprivate func range(of text: String) -> String.Index? {
    indices.first { self[$0...].hasPrefix(text) }
  }
}
