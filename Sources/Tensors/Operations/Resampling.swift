import Glibc

/// A method of resizing images: a linear map of each row and each column.
public enum Resampling: String, CaseIterable, Sendable {
  /// The mean of the inputs floor(i n / m) ... ceil((i + 1) n / m) - 1, where bins may overlap (PyTorch: "area").
  case area
  /// Cubic convolution with a = -0.75, centres aligned, borders repeated, no antialiasing (PyTorch: "bicubic";
  /// Keys 1981).
  case bicubic
  /// The input at floor(i n / m).
  case nearest

  /// The matrix [output][input] that resizes a row or column, in double precision.
  public func matrix(from input: Int, to output: Int) -> [[Double]] {
    (0..<output).map { i in
      var row = [Double](repeating: 0, count: input)
      switch self {
      case .area:
        let lower = i * input / output, upper = ((i + 1) * input + output - 1) / output
        for j in lower..<upper { row[j] = 1 / Double(upper - lower) }
      case .bicubic:
        let centre = (Double(i) + 0.5) * Double(input) / Double(output) - 0.5, first = floor(centre)
        for tap in -1...2 {
          row[min(input - 1, max(0, Int(first) + tap))] += cubic(abs(centre - first - Double(tap)))
        }
      case .nearest:
        row[i * input / output] = 1
      }
      return row
    }
  }

  /// The cubic convolution kernel of Keys 1981 with a = -0.75, for x >= 0.
  private func cubic(_ x: Double) -> Double {
    let a = -0.75
    return switch x {
    case ..<1: ((a + 2) * x - (a + 3)) * x * x + 1
    case ..<2: ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
    default: 0
    }
  }
}

extension Tensor {
  /// Images resized: [batch, height, width, channels] to [batch, new height, new width, channels].
  public func resampled(height: Int, width: Int, _ resampling: Resampling) -> Tensor {
    precondition(shape.count == 4, "only images [batch, height, width, channels] are resampled, not \(shape)")
    return applied(
      rows: resampling.matrix(from: shape[1], to: height), columns: resampling.matrix(from: shape[2], to: width))
  }

  /// A separable linear map of the image plane: each row of pixels times one matrix, each column times another.
  ///
  /// self [batch, height, width, channels], rows [new height][height], columns [new width][width].
  public func applied(rows: [[Double]], columns: [[Double]]) -> Tensor {
    let (batch, height, width, channels) = (shape[0], shape[1], shape[2], shape[3])
    precondition(
      rows.allSatisfy { $0.count == height } && columns.allSatisfy { $0.count == width },
      "the matrices do not fit an image of shape \(shape)")
    // [batch, height, new width, channels]
    let rowsMapped = weightedSums(outer: batch * height, inner: channels, by: columns)
    let value = rowsMapped.weightedSums(outer: batch, inner: columns.count * channels, by: rows)
    return Tensor(shape: [batch, rows.count, columns.count, channels], buffer: value.buffer, node: nil).recorded(
      inputs: [self]) {
        [$0.applied(rows: transpose(rows, height), columns: transpose(columns, width))]
      }
  }

  /// Multiplies the middle axis of [outer, length, inner] by a matrix [new length][length], skipping its zeros.
  private func weightedSums(outer: Int, inner: Int, by matrix: [[Double]]) -> Tensor {
    let terms = matrix.map { row in row.indices.filter { row[$0] != 0 }.map { (index: $0, weight: Float(row[$0])) } }
    let length = matrix.first?.count ?? 0, source = buffer.pointer
    return Tensor(unfilled: [outer, matrix.count, inner]) { target in
      let target = target.baseAddress!
      parallel(outer, cost: terms.reduce(0) { $0 + $1.count } * inner) { range in
        for o in range {
          for (i, row) in terms.enumerated() {
            let line = target + (o * matrix.count + i) * inner
            line.update(repeating: 0, count: inner)
            for term in row {
              let from = source + (o * length + term.index) * inner
              for k in 0..<inner { line[k] += term.weight * from[k] }
            }
          }
        }
      }
    }
  }
}

private func transpose(_ matrix: [[Double]], _ columns: Int) -> [[Double]] {
  (0..<columns).map { column in matrix.map { $0[column] } }
}
