/// An array of Float32 scalars with a shape: row-major, contiguous, in the memory of the CPU.
///
/// A tensor is a value: no operation changes another tensor's scalars. Operations on tensors that depend on a tracked
/// one (`Tensor.tracked`, in practice the parameters of a network) record their backward pass;
/// `gradients(of:)` runs it.
public struct Tensor: Sendable {
  /// Length of each axis, outermost first. `[]` is a single number.
  public let shape: [Int]
  @usableFromInline var buffer: Buffer
  /// The operation that computed this tensor; nil when it depends on no tracked tensor.
  let node: Node?

  init(shape: [Int], buffer: Buffer, node: Node?) {
    self.shape = shape
    self.buffer = buffer
    self.node = node
  }

  /// A tensor of `scalars` in row-major order, of which there must be as many as the shape holds.
  public init(_ shape: [Int], _ scalars: [Float]) {
    precondition(shape.product == scalars.count, "shape \(shape) holds \(shape.product) scalars, not \(scalars.count)")
    self.init(unfilled: shape) { target in _ = target.initialize(from: scalars) }
  }

  /// A tensor of one scalar and shape `[]`.
  public init(_ scalar: Float) { self.init([], [scalar]) }

  /// A tensor of zeros.
  public init(zeros shape: [Int]) { self.init(repeating: 0, shape: shape) }

  /// A tensor whose scalars are all equal.
  public init(repeating scalar: Float, shape: [Int]) {
    self.init(unfilled: shape) { $0.update(repeating: scalar) }
  }

  /// A tensor whose scalars `fill` writes, every one of them: the memory it receives is uninitialized.
  public init(unfilled shape: [Int], _ fill: (UnsafeMutableBufferPointer<Float>) throws -> Void) rethrows {
    let buffer = Buffer(count: shape.product)
    try fill(UnsafeMutableBufferPointer(start: buffer.pointer, count: shape.product))
    self.init(shape: shape, buffer: buffer, node: nil)
  }

  /// A tensor that has a shape but no memory for its scalars, which must not be read: it stands for a tensor
  /// whose memory was handed to another value.
  public static func placeholder(_ shape: [Int]) -> Tensor {
    Tensor(shape: shape, buffer: Buffer(count: 0), node: nil)
  }

  /// A tensor that has a shape, and zeros in place of scalars that must not be changed: it takes no memory, however
  /// large it is. For modules that are counted, not run.
  package static func unallocated(_ shape: [Int]) -> Tensor {
    Tensor(shape: shape, buffer: Buffer(unallocated: shape.product), node: nil)
  }

  /// The number of scalars.
  public var count: Int { shape.product }

  /// A copy of all scalars in row-major order.
  public var scalars: [Float] { withUnsafeScalars(Array.init) }

  /// The scalar of a tensor that holds exactly one.
  public var scalar: Float {
    precondition(count == 1, "a tensor of shape \(shape) is not one number")
    return buffer.pointer[0]
  }

  /// Reads the scalars in place; the pointer is valid only inside `body`.
  public func withUnsafeScalars<Result>(_ body: (UnsafeBufferPointer<Float>) throws -> Result) rethrows -> Result {
    try withExtendedLifetime(buffer) { try body(UnsafeBufferPointer(start: $0.pointer, count: count)) }
  }
}

extension [Int] {
  /// The number of scalars in a tensor of this shape; 1 for `[]`, and `Int.max`, which no memory holds, where the
  /// number does not fit an `Int`.
  @inlinable public var product: Int {
    reduce(1) { product, length in
      let (longer, overflows) = product.multipliedReportingOverflow(by: length)
      return overflows ? .max : longer
    }
  }
}
