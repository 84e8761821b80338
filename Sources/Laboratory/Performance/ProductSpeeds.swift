/// The speed of matrix products on this machine, each size measured once.
package struct ProductSpeeds {
  /// Operations per second of a product of [rows, inner] and [inner, inner] matrices.
  private let measured: (_ rows: Int, _ inner: Int) -> Double
  /// Operations per second by [rows, inner].
  private var measurements: [[Int]: Double] = [:]

  /// `measured` returns operations per second for the sizes [rows, inner] and [inner, inner]; by default it measures
  /// three products.
  package init(_ measured: @escaping (Int, Int) -> Double = { Doctor.gigaflops($0, $1, times: 3) * 1e9 }) {
    self.measured = measured
  }

  /// Returns operations per second; measures where the size is new.
  mutating func speed(_ rows: Int, _ inner: Int) -> Double {
    if let speed = measurements[[rows, inner]] { return speed }
    let speed = measured(rows, inner)
    measurements[[rows, inner]] = speed
    return speed
  }
}
