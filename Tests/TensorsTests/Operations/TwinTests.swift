import Glibc
import Tensors
import Testing

/// Operations beside the slow obvious loops that define them.
@Suite struct TwinTests {
  /// The offset in a row-major tensor of `shape` of an index into a larger shape it is broadcast to.
  private func offset(_ index: [Int], in shape: [Int]) -> Int {
    var offset = 0
    for (length, i) in zip(shape, index.suffix(shape.count)) { offset = offset * length + (length == 1 ? 0 : i) }
    return offset
  }

  /// All indices of a shape in row-major order.
  private func indices(_ shape: [Int]) -> [[Int]] {
    shape.reduce([[]]) { prefixes, length in prefixes.flatMap { prefix in (0..<length).map { prefix + [$0] } } }
  }

  @Test(
    "arithmetic broadcasts as NumPy does",
    arguments: [
      ([3, 4], [3, 4]), ([3, 4], [4]), ([3, 4], [3, 1]), ([2, 3, 4], [3, 1]), ([2, 3, 4], [2, 1, 4]), ([1], [2, 5]),
      ([2, 1, 3, 1], [1, 4, 1, 20]), ([], [3]), ([4, 1], [1, 19]), ([2, 3, 2, 17], [3, 1, 17]),
    ])
  func broadcast(_ a: [Int], _ b: [Int]) {
    let rank = max(a.count, b.count)
    let shape = (0..<rank).map { axis in
      func length(_ shape: [Int]) -> Int { axis < rank - shape.count ? 1 : shape[axis - rank + shape.count] }
      return max(length(a), length(b))
    }
    let x = numbers(a, 1), y = numbers(b, 2), (p, q) = (x.scalars, y.scalars)
    for (result, combine) in [
      (x + y, { $0 + $1 }), (x - y, { $0 - $1 }), (x * y, { $0 * $1 }), (x / y, { $0 / $1 }),
    ] as [(Tensor, (Float, Float) -> Float)] {
      #expect(result.shape == shape)
      let expected = indices(shape).map { combine(p[offset($0, in: a)], q[offset($0, in: b)]) }
      #expect(zip(result.scalars, expected).allSatisfy { abs($0 - $1) <= 1e-6 * abs($1) })
    }
  }

  @Test("permuted axes are those of the index", arguments: [[0, 1, 2], [2, 0, 1], [1, 0, 2], [2, 1, 0]])
  func permuted(_ axes: [Int]) {
    let shape = [2, 3, 17], x = numbers(shape, 3), permuted = x.permuted(axes)
    #expect(permuted.shape == axes.map { shape[$0] })
    for (index, value) in zip(indices(permuted.shape), permuted.scalars) {
      var original = index
      for (position, axis) in axes.enumerated() { original[axis] = index[position] }
      #expect(value == x.scalars[offset(original, in: shape)])
    }
    #expect(numbers([3, 5], 1).transposed.scalars == numbers([3, 5], 1).permuted([1, 0]).scalars)
  }

  @Test("slices of an axis, joined again, are the tensor", arguments: [0, 1, 2])
  func slices(_ axis: Int) {
    let x = numbers([4, 5, 6], 4)
    let parts = [0..<1, 1..<1, 1..<4, 4..<x.shape[axis]].map { x.sliced($0, axis: axis) }
    #expect(parts[1].count == 0)
    #expect(Tensor.concatenated(parts, axis: axis).scalars == x.scalars)
    for (index, value) in zip(indices(parts[2].shape), parts[2].scalars) {
      var original = index
      original[axis] += 1
      #expect(value == x.scalars[offset(original, in: x.shape)])
    }
  }

  @Test("sums and means along an axis are those of a loop", arguments: [0, 1, 2])
  func sums(_ axis: Int) {
    let shape = [3, 20, 33], x = numbers(shape, 5), sum = x.sum(axis: axis)
    var expected = [Double](repeating: 0, count: sum.count)
    for (index, value) in zip(indices(shape), x.scalars) {
      var reduced = index
      reduced.remove(at: axis)
      expected[offset(reduced, in: sum.shape)] += Double(value)
    }
    #expect(zip(sum.scalars, expected).allSatisfy { abs(Double($0) - $1) < 1e-4 })
    #expect(x.sum(axis: axis, keeping: true).shape == shape.enumerated().map { $0.offset == axis ? 1 : $0.element })
    let mean = x.mean(axis: axis)
    #expect(zip(mean.scalars, expected).allSatisfy { abs(Double($0) - $1 / Double(shape[axis])) < 1e-5 })
  }

  @Test("the sum, the mean and the sum of squares of all scalars", arguments: [0, 1, 15, 4097, 100_000])
  func total(_ count: Int) {
    let x = numbers([count], 6), exact = x.scalars.reduce(0.0) { $0 + Double($1) }
    #expect(abs(Double(x.sum.scalar) - exact) < 1e-3)
    #expect(abs(Double(x.mean.scalar) - exact / Double(max(1, count))) < 1e-5)
    let y = numbers([33], 7)
    let squares = (x.scalars + y.scalars).reduce(0.0) { $0 + Double($1) * Double($1) }
    #expect(abs(Tensor.sumOfSquares([x, y]) - squares) < 1e-5 * (1 + squares))
  }

  @Test("functions of each scalar are those of the C library")
  func elementwise() {
    let x = Tensor([5], [0.25, 1, 2, 9, 100])
    #expect(zip(x.logarithm.scalars, x.scalars).allSatisfy { abs($0 - logf($1)) < 1e-6 })
    #expect(x.squareRoot.scalars == [0.5, 1, Float(2).squareRoot(), 3, 10])
    #expect(x.squared.scalars == [0.0625, 1, 4, 81, 10_000])
    #expect(Tensor([1], [0]).logarithm.scalar == -.infinity && Tensor([1], [-1]).logarithm.scalar.isNaN)
    #expect(Tensor([3], [-2, 0, 3]).absolute.scalars == [2, 0, 3])
    #expect(Tensor([4], [-2, 0, 3, 9]).clamped(to: -1...4).scalars == [-1, 0, 3, 4])
    #expect((-Tensor([2], [1, -2])).scalars == [-1, 2] && (Tensor([1], [6]) / 4).scalar == 1.5)
  }

  @Test(
    "softmax, its logarithm of sums and its cross-entropy are those of a loop in double precision",
    arguments: [1, 5, 16, 37])
  func softmax(_ width: Int) {
    let x = numbers([4, width], 8) * 3, rows = (0..<4).map { x.scalars[$0 * width..<($0 + 1) * width].map(Double.init) }
    let sums = rows.map { row in row.reduce(0) { $0 + exp($1) } }, answers = (0..<4).map { $0 % width }
    for (i, p) in x.softmax.scalars.enumerated() {
      #expect(abs(Double(p) - exp(rows[i / width][i % width]) / sums[i / width]) < 1e-6)
    }
    for (row, value) in x.logSumExp.scalars.enumerated() { #expect(abs(Double(value) - log(sums[row])) < 1e-5) }
    for smoothing in [0, 0.2] as [Float] {
      for (row, value) in x.crossEntropy(answers, smoothing: smoothing).scalars.enumerated() {
        let logs = rows[row].map { log(sums[row]) - $0 }, s = Double(smoothing)
        let expected = (1 - s) * logs[answers[row]] + s * logs.reduce(0, +) / Double(width)
        #expect(abs(Double(value) - expected) < 1e-5)
      }
    }
  }

  @Test("rows of tables, gathered rows and scattered rows are those that indices name")
  func rows() {
    let table = numbers([5, 3], 9), found = table.rows([[4, 0], [0, 2]])
    func row(_ tensor: Tensor, _ i: Int) -> [Float] { Array(tensor.scalars[i * 3..<i * 3 + 3]) }
    #expect(found.shape == [2, 2, 3])
    #expect([4, 0, 0, 2].enumerated().allSatisfy { row(found, $0.offset) == row(table, $0.element) })
    let other = numbers([2, 3], 10)
    let sum = Tensor.summedRows([(table: table, numbers: [1, 3]), (table: other, numbers: [0, 1])])
    #expect(row(sum, 1) == zip(row(table, 3), row(other, 1)).map { $0 + $1 })
    let batch = numbers([2, 4, 3], 11), picked = batch.gathered([[3, 1], [0, 2]])
    #expect(row(picked, 0) == row(batch, 3) && row(picked, 3) == row(batch, 6))
    let scattered = picked.scattered([[3, 1], [0, 2]], over: Tensor(zeros: [2, 4, 3]))
    #expect(row(scattered, 3) == row(batch, 3) && row(scattered, 0) == [0, 0, 0])
    #expect(picked.scattered([[3, 1], [0, 2]], over: batch).scalars == batch.scalars)
  }

  @Test(
    "resampling matrices have rows that add up to one, and area is exact for whole factors",
    arguments: [(4, 2), (5, 3), (3, 7)])
  func resampling(_ input: Int, _ output: Int) {
    for method in Resampling.allCases {
      for row in method.matrix(from: input, to: output) { #expect(abs(row.reduce(0, +) - 1) < 1e-12) }
    }
    #expect(Resampling.area.matrix(from: 4, to: 2) == [[0.5, 0.5, 0, 0], [0, 0, 0.5, 0.5]])
    #expect(Resampling.nearest.matrix(from: 2, to: 4) == [[1, 0], [1, 0], [0, 1], [0, 1]])
    let same = numbers([1, 3, 3, 2], 12)
    for method in Resampling.allCases {
      #expect(same.resampled(height: 3, width: 3, method).distance(to: same) < 1e-6)
    }
  }

  @Test("maximum pooling is the largest of each window", arguments: [(2, 2), (3, 1), (3, 2), (1, 1)])
  func pooling(_ window: Int, _ stride: Int) {
    let x = numbers([2, 6, 7, 3], 13), pooled = x.maxPooled(window: window, stride: stride)
    #expect(pooled.shape == [2, (6 - window) / stride + 1, (7 - window) / stride + 1, 3])
    for (index, value) in zip(indices(pooled.shape), pooled.scalars) {
      let values = indices([window, window]).map { d in
        x.scalars[offset([index[0], index[1] * stride + d[0], index[2] * stride + d[1], index[3]], in: x.shape)]
      }
      #expect(value == values.max())
    }
  }

  @Test("a separable map is a matrix for the rows and one for the columns")
  func separable() {
    let x = numbers([1, 2, 3, 2], 14), rows: [[Double]] = [[1, 2], [0, -1], [3, 0]],
      columns: [[Double]] = [[1, 0, 2], [0, 5, 0]]
    let y = x.applied(rows: rows, columns: columns)
    #expect(y.shape == [1, 3, 2, 2])
    for (index, value) in zip(indices(y.shape), y.scalars) {
      var expected = 0.0
      for (i, a) in rows[index[1]].enumerated() {
        for (j, b) in columns[index[2]].enumerated() {
          expected += a * b * Double(x.scalars[offset([0, i, j, index[3]], in: x.shape)])
        }
      }
      #expect(abs(Double(value) - expected) < 1e-5)
    }
  }
}
