import Glibc
import Storage
import Tensors

/// A file of results of the reference implementations, to compare ours with.
///
/// Files lie in the folder that `OVERTONE_FIXTURES` names, else in `Tests/Fixtures`. What is missing is an error: no
/// comparison is left out in silence.
public struct Fixture: Sendable {
  let reader: Reader

  /// "far" opens far.h5. `always`: that of `Tests/Fixtures`, whatever folder is named.
  public init(_ name: String, always: Bool = false, file: StaticString = #filePath) throws {
    let here = "\(file)"
    let fallback = here.range(of: "/Tests/").map { here[..<$0] + "/Tests/Fixtures" } ?? "Tests/Fixtures"
    let named = always ? nil : getenv("OVERTONE_FIXTURES").map { String(cString: $0) }
    reader = try Reader("\(named ?? fallback)/\(name).h5")
  }

  /// The shape of a data set.
  public func shape(_ name: String) throws -> [Int] { try reader.shape(of: name) }
  /// A data set in single precision.
  public func tensor(_ name: String) throws -> Tensor { try reader.tensor(name) }
  /// A data set in double precision, row by row.
  public func doubles(_ name: String) throws -> [Double] { try reader.doubles(name) }
  /// A data set of whole numbers, row by row.
  public func ints(_ name: String) throws -> [Int] { try reader.ints(name) }
  /// The names in a group.
  public func names(_ group: String) -> [String] { reader.names(in: group) }
  /// True if the file has a data set or group of that name.
  public func has(_ name: String) -> Bool { reader.has(name) }

  /// An attribute of the whole file, as whole numbers.
  public func sizes(_ attribute: String) throws -> [Int] {
    guard let values = reader.attribute(attribute) else { throw MissingAttribute(path: reader.path, name: attribute) }
    return values.map { Int($0) }
  }

  /// The sizes of MAR's or FAR's transformer as settings of the backbone `encoder-decoder`, without braces.
  public var encoderDecoderSizes: String {
    get throws {
      func stack(_ name: String) throws -> String {
        "\(name): { width: \(try sizes("\(name)_embed_dim")[0]), depth: \(try sizes("\(name)_depth")[0]), "
          + "heads: \(try sizes("\(name)_num_heads")[0]) }"
      }
      return "mlp-ratio: \(try sizes("mlp_ratio")[0]), \(try stack("encoder")), \(try stack("decoder"))"
    }
  }

  /// Images stored [batch, channels, height, width], in our order [batch, height, width, channels].
  public func images(_ name: String) throws -> Tensor { try tensor(name).permuted([0, 2, 3, 1]) }

  /// The largest distance that a result in single precision may have from `name`: 20 times the rounding of the other
  /// program, and 2e-5 of the largest value.
  public func tolerance(_ name: String) throws -> Float {
    let noise = reader.attribute("f32_vs_f64_max_abs", of: name)?.first ?? 0
    let largest = try tensor(name).scalars.map(abs).max() ?? 0
    return Float(20 * noise) + 2e-5 * largest + 1e-7
  }
}

/// A file lacks an attribute with sizes.
public struct MissingAttribute: Error, CustomStringConvertible {
  let path: String
  let name: String
  public var description: String { "\(path): there is no attribute '\(name)'." }
}

extension String {
  /// The index at which a text occurs first.
  fileprivate func range(of text: String) -> String.Index? {
    indices.first { self[$0...].hasPrefix(text) }
  }
}

extension Fixture {
  /// Nil where a result agrees with `name`; else a sentence with the file, the data set and the distance.
  ///
  /// `bound` nil: by `tolerance(_:)`; else that fraction of the largest value.
  public func disagreement(_ ours: Tensor, _ name: String, bound: Float? = nil) throws -> String? {
    let theirs = try tensor(name)
    guard theirs.count == ours.count else {
      return report("\(path) \(name): shape \(theirs.shape), ours \(ours.shape)")
    }
    let largest = theirs.scalars.map(abs).max() ?? 0
    let allowed = try bound.map { $0 * largest + 1e-7 } ?? tolerance(name)
    let distance = ours.reshaped(theirs.shape).distance(to: theirs)
    return distance <= allowed
      ? nil : report("\(path) \(name): \(distance) apart, \(allowed) allowed, largest value \(largest)")
  }

  /// Nil where a result in double precision is within 1e-9 of the largest value of `name`; else a sentence.
  public func disagreement(_ ours: [Double], _ name: String) throws -> String? {
    let theirs = try doubles(name)
    guard theirs.count == ours.count else {
      return report("\(path) \(name): \(theirs.count) numbers, ours \(ours.count)")
    }
    let allowed = 1e-9 * (theirs.map(abs).max() ?? 0) + 1e-300
    let distance = zip(ours, theirs).map { abs($0 - $1) }.max() ?? 0
    return distance <= allowed ? nil : report("\(path) \(name): \(distance) apart, \(allowed) allowed")
  }

  /// Prints a sentence and returns it: an expectation shows its code, not the result.
  public func report(_ sentence: String) -> String {
    _ = "disagreement: \(sentence)\n".withCString { write(STDERR_FILENO, $0, strlen($0)) }
    return sentence
  }

  public var path: String { reader.path }
}

extension Fixture {
  /// An attribute of the whole file that is one number; nil if there is none.
  public func number(_ attribute: String) -> Double? { reader.attribute(attribute)?.first }

  /// Parameters' names and numbers of a module of the reference, for putting into one of ours.
  public func weights(_ group: String = "weights") throws -> [String: Tensor] {
    try Dictionary(uniqueKeysWithValues: names(group).map { ($0, try tensor("\(group)/\($0)")) })
  }
}

extension Fixture {
  /// An attribute of one group that is one number; nil if there is none.
  public func attribute(_ name: String, of group: String) throws -> Double? { reader.attribute(name, of: group)?.first }

  /// An attribute of the whole file that is text; nil if there is none.
  public func text(_ name: String) -> String? { reader.text(attribute: name) }
}
