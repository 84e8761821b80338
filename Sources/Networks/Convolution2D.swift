import Tensors

/// A two-dimensional convolution with zero padding: [batch, height, width, in] to [batch, rows, columns, out].
public struct Convolution2D: Module {
  /// [out, kernel, kernel, in]
  public let weight: Parameter
  /// [out]
  public let bias: Parameter
  /// The step of the kernel, in pixels of the input.
  public let stride: Int
  /// Zeros added on the four sides.
  public let padding: Padding

  /// A layer with a square kernel; `padding` nil: kernel / 2 on all sides, which keeps the size at stride 1 for odd
  /// kernels.
  public init(
    from inputs: Int, to outputs: Int, kernel: Int, stride: Int = 1, padding: Padding? = nil,
    _ random: inout Random
  ) {
    self.init(
      weight: Initialization.uniformFanIn([outputs, kernel, kernel, inputs], &random), stride: stride,
      padding: padding ?? .all(kernel / 2))
  }

  /// A layer with an initial weight [out, kernel, kernel, in], and biases of zero.
  public init(weight: Tensor, stride: Int, padding: Padding) {
    self.weight = Parameter(weight, role: .weight)
    bias = Parameter(Tensor(zeros: [weight.shape[0]]), role: .bias)
    self.stride = stride
    self.padding = padding
  }

  /// Returns the convolution of x [batch, height, width, in]: [batch, rows, columns, out].
  public func callAsFunction(_ x: Tensor) -> Tensor { x.convolved(weight(), bias(), stride: stride, padding: padding) }
}
