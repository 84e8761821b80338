import Tensors

/// A 2-D convolution with zero padding: [batch, height, width, in] to [batch, rows, columns, out].
public struct Convolution2D: Module {
  /// [out, kernel, kernel, in]
  public let weight: Parameter
  /// [out]
  public let bias: Parameter
  public let stride: Int
  public let padding: Padding

  /// `padding` nil: as much on every side as keeps the size at stride 1.
  public init(
    from inputs: Int, to outputs: Int, kernel: Int, stride: Int = 1, padding: Padding? = nil,
    weight: Initialization = .uniformFanIn, _ random: inout Random
  ) {
    self.weight = Parameter(weight([outputs, kernel, kernel, inputs], &random), decays: true)
    bias = Parameter(Tensor(zeros: [outputs]), decays: false)
    self.stride = stride
    self.padding = padding ?? .all(kernel / 2)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor { x.convolved(weight(), bias(), stride: stride, padding: padding) }
}
