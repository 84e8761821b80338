import COpenBLAS

/// A few registers side by side: one row of a tile of a matrix product.
protocol Strip {
  /// Registers in it.
  static var lanes: Int { get }
  /// Zeros.
  init()
  /// Sixteen floats, and sixteen more from each `apart` floats on.
  init(_ pointer: UnsafePointer<Float>, apart: Int)
  /// Asks for what a strip will be read from.
  static func expect(_ pointer: UnsafePointer<Float>, apart: Int)
  /// The same for what will be stored.
  static func expectToWrite(_ pointer: UnsafeMutablePointer<Float>)
  /// self + x strip
  mutating func add(_ x: Float, _ strip: Self)
  /// self + what is there
  mutating func join(_ pointer: UnsafePointer<Float>)
  func store(_ pointer: UnsafeMutablePointer<Float>)
}

extension Strip {
  /// Floats that lie side by side.
  @inline(__always) init(_ pointer: UnsafePointer<Float>) { self.init(pointer, apart: 16) }
  @inline(__always) static func expect(_ pointer: UnsafePointer<Float>) { expect(pointer, apart: 16) }
}

/// a b + c in one rounding where the processor can.
@inline(__always)
func multiplyAdd(_ a: Vector16, _ b: Vector16, _ c: Vector16) -> Vector16 { overtone_multiply_add(a, b, c) }

struct OneLane: Strip {
  var a = Vector16(repeating: 0)
  static var lanes: Int { 1 }
  @inline(__always) init() {}
  @inline(__always) init(_ p: UnsafePointer<Float>, apart: Int) { a = p[vector: 0] }
  @inline(__always) static func expect(_ p: UnsafePointer<Float>, apart: Int) { overtone_prefetch(p) }
  @inline(__always) static func expectToWrite(_ p: UnsafeMutablePointer<Float>) { overtone_prefetch_for_write(p) }
  @inline(__always) mutating func add(_ x: Float, _ s: OneLane) { a = multiplyAdd(Vector16(repeating: x), s.a, a) }
  @inline(__always) mutating func join(_ p: UnsafePointer<Float>) { a += p[vector: 0] }
  @inline(__always) func store(_ p: UnsafeMutablePointer<Float>) { p[vector: 0] = a }
}

/// Two strips as one; a tile of four lanes is a pair of pairs.
struct Joined<Left: Strip, Right: Strip>: Strip {
  var left = Left(), right = Right()
  static var lanes: Int { Left.lanes + Right.lanes }
  @inline(__always) init() {}
  @inline(__always) init(_ p: UnsafePointer<Float>, apart: Int) {
    left = Left(p, apart: apart)
    right = Right(p + apart &* Left.lanes, apart: apart)
  }
  @inline(__always) static func expect(_ p: UnsafePointer<Float>, apart: Int) {
    Left.expect(p, apart: apart)
    Right.expect(p + apart &* Left.lanes, apart: apart)
  }
  @inline(__always) static func expectToWrite(_ p: UnsafeMutablePointer<Float>) {
    Left.expectToWrite(p)
    Right.expectToWrite(p + 16 * Left.lanes)
  }
  @inline(__always) mutating func add(_ x: Float, _ s: Joined) {
    left.add(x, s.left)
    right.add(x, s.right)
  }
  @inline(__always) mutating func join(_ p: UnsafePointer<Float>) {
    left.join(p)
    right.join(p + 16 * Left.lanes)
  }
  @inline(__always) func store(_ p: UnsafeMutablePointer<Float>) {
    left.store(p)
    right.store(p + 16 * Left.lanes)
  }
}

typealias TwoLanes = Joined<OneLane, OneLane>
typealias ThreeLanes = Joined<TwoLanes, OneLane>
typealias FourLanes = Joined<TwoLanes, TwoLanes>
