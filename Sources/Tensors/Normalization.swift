extension Tensor {
  /// Rows divided by their root mean square along the last axis, then times `weight` [width]
  /// (Zhang and Sennrich 2019, arXiv 1910.07467).
  public func rmsNorm(_ weight: Tensor, epsilon: Float) -> Tensor {
    let width = shape.last ?? 1
    let rows = reshaped([count / Swift.max(1, width), width])
    let size = (rows.squared.mean(axis: 1, keeping: true) + epsilon).squareRoot
    return (rows / size * weight).reshaped(shape)
  }

  /// Rows of length 1 along the last axis: x / max(|x|, epsilon).
  public func normalized(epsilon: Float = 1e-12) -> Tensor {
    let width = shape.last ?? 1
    let rows = reshaped([count / Swift.max(1, width), width])
    let length = rows.squared.sum(axis: 1, keeping: true).squareRoot.clamped(
      to: epsilon...Float.greatestFiniteMagnitude)
    return (rows / length).reshaped(shape)
  }
}
