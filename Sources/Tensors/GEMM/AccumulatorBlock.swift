import COpenBLAS

/// The sums of a few rows of C in registers, for one register of columns or for two: an outer product of a column of A
/// and a row of B is added at each step along k.
protocol AccumulatorBlock {
  associatedtype Row: AccumulatorRow
  /// Rows of C.
  static var rows: Int { get }
  /// Zeros.
  init()
  /// self[i] += a[i] b for each row i; the elements of A are neighbours.
  mutating func addProduct(_ a: UnsafePointer<Float>, _ b: Row)
  /// Writes [rows, 16 vectors].
  func store(_ pointer: UnsafeMutablePointer<Float>)
}

/// One row of C.
struct OneRow<Row: AccumulatorRow>: AccumulatorBlock {
  private var sum = Row()
  static var rows: Int { 1 }
  @inline(__always) init() {}
  @inline(__always) mutating func addProduct(_ a: UnsafePointer<Float>, _ b: Row) { sum.addProduct(a[0], b) }
  @inline(__always) func store(_ pointer: UnsafeMutablePointer<Float>) { sum.store(pointer) }
}

/// Two blocks, one below the other.
struct JoinedBlock<Upper: AccumulatorBlock, Lower: AccumulatorBlock>: AccumulatorBlock where Upper.Row == Lower.Row {
  private var upper = Upper(), lower = Lower()
  static var rows: Int { Upper.rows + Lower.rows }
  @inline(__always) init() {}
  @inline(__always) mutating func addProduct(_ a: UnsafePointer<Float>, _ b: Upper.Row) {
    upper.addProduct(a, b)
    lower.addProduct(a + Upper.rows, b)
  }
  @inline(__always) func store(_ pointer: UnsafeMutablePointer<Float>) {
    upper.store(pointer)
    lower.store(pointer + vectorWidth * Upper.Row.vectors * Upper.rows)
  }
}

typealias TwoRows<Row: AccumulatorRow> = JoinedBlock<OneRow<Row>, OneRow<Row>>
typealias FourRows<Row: AccumulatorRow> = JoinedBlock<TwoRows<Row>, TwoRows<Row>>
typealias SixRows<Row: AccumulatorRow> = JoinedBlock<FourRows<Row>, TwoRows<Row>>
typealias EightRows<Row: AccumulatorRow> = JoinedBlock<FourRows<Row>, FourRows<Row>>
typealias TwelveRows<Row: AccumulatorRow> = JoinedBlock<EightRows<Row>, FourRows<Row>>
typealias SixteenRows<Row: AccumulatorRow> = JoinedBlock<EightRows<Row>, EightRows<Row>>

/// C [rows, 16 vectors] = A [k, rows] transposed times B [k, 16 vectors], with a row stride of `stride` floats.
///
/// B is read once and prefetched 4 KiB ahead: with so few rows the time is that of reading it from memory, and hardware
/// prefetchers stop at the end of a page (measured on Zen 4: 210 instead of 157 GFLOP/s). With two registers at once
/// each element of A is read once for both.
@inline(never)
func multiply<Block: AccumulatorBlock>(
  _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, stride: Int, k: Int, into c: UnsafeMutablePointer<Float>,
  _: Block.Type
) {
  // Strides: A `Block.rows` along k, and 1 between rows; B 16 along k, and `stride` between registers.
  var sums = Block(), a = a, b = b
  for _ in 0..<k {
    Block.Row.prefetch(b + 1024, stride: stride)
    sums.addProduct(a, Block.Row(b, stride: stride))
    a += Block.rows
    b += vectorWidth
  }
  sums.store(c)
}
