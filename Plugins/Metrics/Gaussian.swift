/// Mean and covariance of rows of numbers, accumulated batch by batch in double precision.
public struct Gaussian: Sendable {
  private var rows: [[Double]] = []

  /// A Gaussian without rows.
  public init() {}

  /// Number of rows.
  public var count: Int { rows.count }

  /// Adds rows [n][width].
  public mutating func add(_ rows: [[Double]]) { self.rows += rows }

  /// Mean of the rows: [width].
  public var mean: [Double] {
    (0..<(rows.first?.count ?? 0)).map { column in rows.reduce(0) { $0 + $1[column] } / Double(rows.count) }
  }

  /// Unbiased covariance of the rows (divisor count - 1): [width][width].
  public var covariance: [[Double]] {
    let mean = mean, centred = rows.map { zip($0, mean).map { $0 - $1 } }
    var sum = mean.map { _ in mean.map { _ in 0.0 } }
    for row in centred { for i in row.indices { for j in 0...i { sum[i][j] += row[i] * row[j] } } }
    for i in sum.indices { for j in 0...i { sum[i][j] /= Double(rows.count - 1); sum[j][i] = sum[i][j] } }
    return sum
  }

  /// |m1 - m2|^2 + tr S1 + tr S2 - 2 tr sqrt(S1^(1/2) S2 S1^(1/2)) (Heusel et al. 2017, eq. 6); negative eigenvalues
  /// count as 0.
  public static func distance(_ a: Gaussian, _ b: Gaussian) -> Double {
    let (s1, s2) = (a.covariance, b.covariance),
      meanTerm = zip(a.mean, b.mean).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    let (values, vectors) = eigen(s1), n = values.count
    // S1^(1/2) S2 S1^(1/2) in the basis of S1's eigenvectors, which has the same eigenvalues.
    var product = s2
    for i in 0..<n {
      for j in 0..<n {
        var sum = 0.0
        for k in 0..<n { sum += vectors[i][k] * s2[k].indices.reduce(0) { $0 + s2[k][$1] * vectors[j][$1] } }
        product[i][j] = sum * (max(0, values[i]) * max(0, values[j])).squareRoot()
      }
    }
    let roots = eigen(product).values.reduce(0) { $0 + max(0, $1).squareRoot() }
    return meanTerm + (0..<n).reduce(0) { $0 + s1[$1][$1] + s2[$1][$1] } - 2 * roots
  }

  /// Eigenvalues [n] and eigenvectors [n][n], one a row, of a symmetric matrix by Jacobi rotations (Golub and Van Loan
  /// 2013, section 8.5).
  static func eigen(_ matrix: [[Double]]) -> (values: [Double], vectors: [[Double]]) {
    let n = matrix.count
    var a = matrix, v = (0..<n).map { i in (0..<n).map { $0 == i ? 1.0 : 0 } }
    for _ in 0..<60 {
      let offDiagonal = (0..<n).reduce(0.0) { sum, i in (0..<i).reduce(sum) { $0 + a[i][$1] * a[i][$1] } }
      let diagonal = (0..<n).reduce(0.0) { $0 + a[$1][$1] * a[$1][$1] }
      if offDiagonal <= 1e-28 * diagonal { break }
      for p in 0..<n {
        for q in (p + 1)..<max(p + 1, n) where abs(a[p][q]) > 1e-300 {
          let theta = (a[q][q] - a[p][p]) / (2 * a[p][q])
          let t = (theta >= 0 ? 1 : -1) / (abs(theta) + (theta * theta + 1).squareRoot()),
            c = 1 / (t * t + 1).squareRoot(), s = t * c
          for k in 0..<n { (a[k][p], a[k][q]) = (c * a[k][p] - s * a[k][q], s * a[k][p] + c * a[k][q]) }
          for k in 0..<n { (a[p][k], a[q][k]) = (c * a[p][k] - s * a[q][k], s * a[p][k] + c * a[q][k]) }
          for k in 0..<n { (v[p][k], v[q][k]) = (c * v[p][k] - s * v[q][k], s * v[p][k] + c * v[q][k]) }
        }
      }
    }
    return ((0..<n).map { a[$0][$0] }, v)
  }
}
