/// How fast this machine multiplies matrices, each size measured once.
package struct ProductSpeeds {
  /// Operations a second of rows x inner by inner x inner numbers.
  private let measured: (_ rows: Int, _ inner: Int) -> Double
  private var known: [[Int]: Double] = [:]

  /// `measured` stands in for this machine's own speed, which takes a moment to find.
  package init(_ measured: @escaping (Int, Int) -> Double = { Doctor.gigaflops($0, $1, times: 3) * 1e9 }) {
    self.measured = measured
  }

  mutating func speed(_ rows: Int, _ inner: Int) -> Double {
    if let speed = known[[rows, inner]] { return speed }
    let speed = measured(rows, inner)
    known[[rows, inner]] = speed
    return speed
  }
}
