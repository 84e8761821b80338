import Glibc
import Tensors

extension Tensor {
  /// Images [batch, height, width, channels] resized by their spectrum: cut off along an axis that becomes shorter,
  /// padded with zeros along one that becomes longer. Periodic at the borders; cells are sampled at their centres.
  ///
  /// Enlarged and reduced again an image is itself; reduced and enlarged again it is what it has of the frequencies
  /// that the smaller one can hold. Of an even number of cells the highest frequency is held by its cosine alone.
  public func resampledBySpectrum(height: Int, width: Int) -> Tensor {
    precondition(shape.count == 4, "only images [batch, height, width, channels] are resampled, not \(shape)")
    return applied(rows: spectralMatrix(from: shape[1], to: height), columns: spectralMatrix(from: shape[2], to: width))
  }
}

/// The matrix [output][input] that resizes a row or column, in double precision: a convolution on the circle.
private func spectralMatrix(from input: Int, to output: Int) -> [[Double]] {
  // Pairs of frequencies below the highest, and the weight of the highest of an even number of cells: both of its
  // halves when it is cut out of a longer spectrum, one when it is read from the shorter one.
  let fewer = min(input, output), pairs = (fewer - 1) / 2
  let highest: Double = fewer % 2 == 1 ? 0 : output < input ? 2 : 1
  guard input != output else { return (0..<input).map { i in (0..<input).map { $0 == i ? 1 : 0 } } }
  return (0..<output).map { i in
    (0..<input).map { j in
      let offset = (Double(i) + 0.5) / Double(output) - (Double(j) + 0.5) / Double(input)
      let sum = (0..<pairs).reduce(0) { $0 + cos(2 * .pi * Double($1 + 1) * offset) }
      return (1 + 2 * sum + highest * cos(.pi * Double(fewer) * offset)) / Double(input)
    }
  }
}
