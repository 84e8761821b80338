import Tensors

/// A tensor of a public checkpoint, or a part of one, that becomes a parameter.
///
/// Layouts differ in two respects: kernels [out, in, height, width] become [out, height, width, in], and axes of length
/// 1 do not matter, so that [1, 1, width] is [width]. Whether a tensor fits is decided by its shape alone, before it is
/// read, reshaped or divided.
public struct CheckpointSource: Sendable, Equatable {
  /// The part of a tensor along its first axis.
  public enum Part: Sendable, Equatable {
    /// All of it.
    case whole
    /// One of as many equal parts, counted from 0: queries, keys or values of a joint projection.
    case part(Int, of: Int)
    /// All rows but the last: the classes of a table whose last row is "no class".
    case allButLast
    /// The last row.
    case last
  }

  /// The name in the checkpoint.
  public let name: String
  /// The part of the tensor.
  public let part: Part

  /// A part of the tensor of a name.
  public init(_ name: String, _ part: Part = .whole) { (self.name, self.part) = (name, part) }

  /// Returns true where a tensor of shape `found` has the elements of a parameter of shape `wanted`.
  public func fits(_ found: [Int], _ wanted: [Int]) -> Bool {
    guard let shape = shape(from: found) else { return false }
    return shape.filter { $0 != 1 } == wanted.filter { $0 != 1 }
  }

  /// The shape of a tensor that fits a parameter of shape `wanted`, for people: "[768, 3, 4, 4]", "[any, 768]".
  public func expectation(_ wanted: [Int]) -> String {
    var shape =
      wanted.count == 4 ? [wanted[0], wanted[3], wanted[1], wanted[2]].map(String.init) : wanted.map { "\($0)" }
    guard let rows = wanted.first else { return "\(wanted)" }
    switch part {
    case .whole: break
    case .part(_, let count): shape[0] = "\(rows * count)"
    case .allButLast: shape[0] = "\(rows + 1)"
    case .last: shape[0] = "any"
    }
    return "[\(shape.joined(separator: ", "))]"
  }

  /// Returns the values of a parameter of shape `wanted`; nil where the tensor does not fit.
  public func value(_ tensor: Tensor, as wanted: [Int]) -> Tensor? {
    guard fits(tensor.shape, wanted) else { return nil }
    return value(tensor)?.reshaped(wanted)
  }

  /// Returns the part of a tensor in our layout; nil where it cannot be divided so.
  func value(_ tensor: Tensor) -> Tensor? {
    guard let rows = rows(tensor.shape) else { return nil }
    let part = rows == 0..<(tensor.shape.first ?? 0) || part == .whole ? tensor : tensor.sliced(rows, axis: 0)
    return part.shape.count == 4 ? part.permuted([0, 2, 3, 1]) : part
  }

  /// The shape of `value` of a tensor, by arithmetic alone.
  private func shape(from found: [Int]) -> [Int]? {
    guard let rows = rows(found) else { return nil }
    let part = found.isEmpty ? [] : [rows.count] + found.dropFirst()
    return part.count == 4 ? [part[0], part[2], part[3], part[1]] : part
  }

  /// The rows of the part; nil where the first axis cannot be divided so.
  private func rows(_ shape: [Int]) -> Range<Int>? {
    guard let rows = shape.first else { return part == .whole ? 0..<0 : nil }
    switch part {
    case .whole: return 0..<rows
    case .part(let index, let count):
      guard rows.isMultiple(of: count) else { return nil }
      return rows / count * index..<rows / count * (index + 1)
    case .allButLast: return rows > 1 ? 0..<rows - 1 : nil
    case .last: return rows > 1 ? rows - 1..<rows : nil
    }
  }
}
