import COpenBLAS

/// A few registers side by side: one row of a micro-tile of C, or the row of B that is added to it.
protocol AccumulatorRow {
  /// Registers of the row.
  static var vectors: Int { get }
  /// Zeros.
  init()
  /// Loads sixteen floats at the pointer, and for each further register sixteen more, `stride` floats on.
  init(_ pointer: UnsafePointer<Float>, stride: Int)
  /// Prefetches what `init(_:stride:)` loads.
  static func prefetch(_ pointer: UnsafePointer<Float>, stride: Int)
  /// Prefetches what `store` writes.
  static func prefetchForWrite(_ pointer: UnsafeMutablePointer<Float>)
  /// self += a b, one rounding each where the processor has a fused multiply-add.
  mutating func addProduct(_ a: Float, _ b: Self)
  /// self += the floats at the pointer.
  mutating func add(_ pointer: UnsafePointer<Float>)
  /// Writes 16 times `vectors` consecutive floats.
  func store(_ pointer: UnsafeMutablePointer<Float>)
}

extension AccumulatorRow {
  /// Loads consecutive floats.
  @inline(__always) init(_ pointer: UnsafePointer<Float>) { self.init(pointer, stride: vectorWidth) }
  /// Prefetches consecutive floats.
  @inline(__always) static func prefetch(_ pointer: UnsafePointer<Float>) { prefetch(pointer, stride: vectorWidth) }
}

/// One register.
struct OneVector: AccumulatorRow {
  var a = Vector16(repeating: 0)
  static var vectors: Int { 1 }
  @inline(__always) init() {}
  @inline(__always) init(_ p: UnsafePointer<Float>, stride: Int) { a = p[vector: 0] }
  @inline(__always) static func prefetch(_ p: UnsafePointer<Float>, stride: Int) { overtone_prefetch(p) }
  @inline(__always) static func prefetchForWrite(_ p: UnsafeMutablePointer<Float>) { overtone_prefetch_for_write(p) }
  @inline(__always) mutating func addProduct(_ x: Float, _ b: OneVector) {
    a = multiplyAdd(Vector16(repeating: x), b.a, a)
  }
  @inline(__always) mutating func add(_ p: UnsafePointer<Float>) { a += p[vector: 0] }
  @inline(__always) func store(_ p: UnsafeMutablePointer<Float>) { p[vector: 0] = a }
}

/// Two rows side by side as one; a row of four registers is a pair of pairs.
struct JoinedRow<Left: AccumulatorRow, Right: AccumulatorRow>: AccumulatorRow {
  var left = Left(), right = Right()
  static var vectors: Int { Left.vectors + Right.vectors }
  @inline(__always) init() {}
  @inline(__always) init(_ p: UnsafePointer<Float>, stride: Int) {
    left = Left(p, stride: stride)
    right = Right(p + stride &* Left.vectors, stride: stride)
  }
  @inline(__always) static func prefetch(_ p: UnsafePointer<Float>, stride: Int) {
    Left.prefetch(p, stride: stride)
    Right.prefetch(p + stride &* Left.vectors, stride: stride)
  }
  @inline(__always) static func prefetchForWrite(_ p: UnsafeMutablePointer<Float>) {
    Left.prefetchForWrite(p)
    Right.prefetchForWrite(p + vectorWidth * Left.vectors)
  }
  @inline(__always) mutating func addProduct(_ x: Float, _ b: JoinedRow) {
    left.addProduct(x, b.left)
    right.addProduct(x, b.right)
  }
  @inline(__always) mutating func add(_ p: UnsafePointer<Float>) {
    left.add(p)
    right.add(p + vectorWidth * Left.vectors)
  }
  @inline(__always) func store(_ p: UnsafeMutablePointer<Float>) {
    left.store(p)
    right.store(p + vectorWidth * Left.vectors)
  }
}

typealias TwoVectors = JoinedRow<OneVector, OneVector>
typealias ThreeVectors = JoinedRow<TwoVectors, OneVector>
typealias FourVectors = JoinedRow<TwoVectors, TwoVectors>
