import COpenBLAS

/// A strip of registers for each of a few rows: what a few rows of a product add up for sixteen columns, or for more.
protocol Column {
  associatedtype Row: Strip
  static var rows: Int { get }
  /// Zeros.
  init()
  /// Row i gains x[i] times the strip.
  mutating func add(_ x: UnsafePointer<Float>, _ strip: Row)
  /// [rows, 16 lanes]
  func store(_ pointer: UnsafeMutablePointer<Float>)
}

struct OneRow<Row: Strip>: Column {
  private var sum = Row()
  static var rows: Int { 1 }
  @inline(__always) init() {}
  @inline(__always) mutating func add(_ x: UnsafePointer<Float>, _ strip: Row) { sum.add(x[0], strip) }
  @inline(__always) func store(_ pointer: UnsafeMutablePointer<Float>) { sum.store(pointer) }
}

/// Two columns, one below the other.
struct Stacked<Upper: Column, Lower: Column>: Column where Upper.Row == Lower.Row {
  private var upper = Upper(), lower = Lower()
  static var rows: Int { Upper.rows + Lower.rows }
  @inline(__always) init() {}
  @inline(__always) mutating func add(_ x: UnsafePointer<Float>, _ strip: Upper.Row) {
    upper.add(x, strip)
    lower.add(x + Upper.rows, strip)
  }
  @inline(__always) func store(_ pointer: UnsafeMutablePointer<Float>) {
    upper.store(pointer)
    lower.store(pointer + 16 * Upper.Row.lanes * Upper.rows)
  }
}

typealias TwoRows<Row: Strip> = Stacked<OneRow<Row>, OneRow<Row>>
typealias FourRows<Row: Strip> = Stacked<TwoRows<Row>, TwoRows<Row>>
typealias SixRows<Row: Strip> = Stacked<FourRows<Row>, TwoRows<Row>>
typealias EightRows<Row: Strip> = Stacked<FourRows<Row>, FourRows<Row>>
typealias TwelveRows<Row: Strip> = Stacked<EightRows<Row>, FourRows<Row>>
typealias SixteenRows<Row: Strip> = Stacked<EightRows<Row>, EightRows<Row>>

/// sums [rows, 16 lanes] = x [inner, rows] transposed times strips [inner, 16] of weights, `apart` from one another.
///
/// Strips are read once, and asked for 4 KiB ahead: so few rows take no longer than a strip takes to come, and the
/// processor's own foresight stops where a page of memory ends (measured on Zen 4: 210 instead of 157 GFLOP/s). Two strips
/// at once read each number of the rows once for both.
@inline(never)
func multiply<C: Column>(
  _ x: UnsafePointer<Float>, _ strip: UnsafePointer<Float>, apart: Int, inner: Int,
  into sums: UnsafeMutablePointer<Float>, _: C.Type
) {
  var column = C(), x = x, strip = strip
  for _ in 0..<inner {
    C.Row.expect(strip + 1024, apart: apart)
    column.add(x, C.Row(strip, apart: apart))
    x += C.rows
    strip += 16
  }
  column.store(sums)
}
