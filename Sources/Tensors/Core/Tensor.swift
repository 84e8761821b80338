/// Numbers in a shape, and how they got there: Float32, row-major, contiguous, on the CPU.
///
/// A tensor is a value: nothing changes it after it was made. Operations on tensors that descend from a tracked one
/// (`Tensor.tracked`, in practice the parameters of a network) remember how to carry a gradient back;
/// `gradients(of:)` walks that way.
public struct Tensor: Sendable {
  /// Length of each axis, outermost first. `[]` is a single number.
  public let shape: [Int]
  @usableFromInline var buffer: Buffer
  /// Where gradients go; nil when nothing that led here is tracked.
  let node: Node?

  init(shape: [Int], buffer: Buffer, node: Node?) {
    self.shape = shape
    self.buffer = buffer
    self.node = node
  }

  /// `scalars` in row-major order; as many as the shape holds.
  public init(_ shape: [Int], _ scalars: [Float]) {
    precondition(shape.product == scalars.count, "shape \(shape) holds \(shape.product) scalars, not \(scalars.count)")
    self.init(unfilled: shape) { target in _ = target.initialize(from: scalars) }
  }

  /// One number, shape `[]`.
  public init(_ scalar: Float) { self.init([], [scalar]) }

  public init(zeros shape: [Int]) { self.init(repeating: 0, shape: shape) }

  public init(repeating scalar: Float, shape: [Int]) {
    self.init(unfilled: shape) { $0.update(repeating: scalar) }
  }

  /// A new tensor whose scalars `fill` writes, every one of them.
  public init(unfilled shape: [Int], _ fill: (UnsafeMutableBufferPointer<Float>) throws -> Void) rethrows {
    let buffer = Buffer(count: shape.product)
    try fill(UnsafeMutableBufferPointer(start: buffer.pointer, count: shape.product))
    self.init(shape: shape, buffer: buffer, node: nil)
  }

  /// A tensor that has a shape but no memory for its scalars, which must not be read: it takes the place of a tensor
  /// whose memory another value has taken over.
  public static func placeholder(_ shape: [Int]) -> Tensor {
    Tensor(shape: shape, buffer: Buffer(count: 0), node: nil)
  }

  /// How many scalars there are.
  public var count: Int { shape.product }

  /// All scalars in row-major order, copied out.
  public var scalars: [Float] { withUnsafeScalars(Array.init) }

  /// The one number of a tensor that has one.
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
  /// How many scalars a shape holds; 1 for `[]`.
  @inlinable public var product: Int { reduce(1, *) }
}
