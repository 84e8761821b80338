import Synchronization
import Tensors
import Testing

/// A product with all that belongs to it, and the slow sum that it must equal.
private struct ProductCase: Sendable, CustomTestStringConvertible {
  var m: Int, n: Int, k: Int
  var alpha: Float = 1
  var transposesA = false, transposesB = false
  var hasBias = false

  var testDescription: String {
    "m \(m), n \(n), k \(k), alpha \(alpha)\(transposesA ? ", A^T" : "")\(transposesB ? ", B^T" : "")"
      + (hasBias ? ", bias" : "")
  }

  var shape: GEMMShape { GEMMShape(m: m, n: n, k: k) }
  /// [m, k], or [k, m] where A is transposed.
  var a: [Float] { numbers([m * k], 1).scalars }
  /// [k, n], or [n, k] where B is transposed.
  var b: [Float] { numbers([k * n], 2).scalars }
  /// [n]
  var bias: [Float] { numbers([n], 3).scalars }
  /// [m, n]
  var addend: [Float] { numbers([m * n], 4).scalars }

  func aMatrix(_ pointer: UnsafePointer<Float>) -> Matrix {
    Matrix(pointer: pointer, stride: transposesA ? m : k, transposed: transposesA)
  }
  func bMatrix(_ pointer: UnsafePointer<Float>) -> Matrix {
    Matrix(pointer: pointer, stride: transposesB ? k : n, transposed: transposesB)
  }

  /// alpha A B + bias, each element summed in double precision in the order of k.
  func expected() -> [Float] {
    let (a, b, bias) = (a, b, bias)
    return (0..<m * n).map { at in
      let (row, column) = (at / n, at % n)
      var sum = 0.0
      for step in 0..<k {
        let x = transposesA ? a[step * m + row] : a[row * k + step]
        let y = transposesB ? b[column * k + step] : b[step * n + column]
        sum += Double(x) * Double(y)
      }
      return Float(Double(alpha) * sum) + (hasBias ? bias[column] : 0)
    }
  }
}

/// Sizes around those of micro-tiles (6 by 64), registers (16), and blocks (kc 512, nc 1024).
private let cases: [ProductCase] = [
  ProductCase(m: 1, n: 1, k: 1), ProductCase(m: 6, n: 64, k: 4), ProductCase(m: 7, n: 65, k: 5, hasBias: true),
  ProductCase(m: 66, n: 16, k: 33, transposesA: true), ProductCase(m: 66, n: 17, k: 33, transposesB: true),
  ProductCase(m: 80, n: 48, k: 30, alpha: 0.5, transposesA: true, transposesB: true, hasBias: true),
  // Few rows and many columns: the transposed product is computed.
  ProductCase(m: 5, n: 130, k: 40, hasBias: true), ProductCase(m: 20, n: 90, k: 21, alpha: -2, transposesA: true),
  ProductCase(m: 63, n: 126, k: 18, transposesB: true, hasBias: true),
  // More steps along k than one pass, more columns than are packed at once.
  ProductCase(m: 70, n: 20, k: 1030), ProductCase(m: 66, n: 1040, k: 40, hasBias: true),
  ProductCase(m: 130, n: 24, k: 600, transposesA: true),
]

/// Computes a product with `compute` into memory whose rows are `gap` floats longer than C, filled with `start`.
private func output(
  _ test: ProductCase, gap: Int, start: [Float]?,
  _ compute: (_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ c: OutputMatrix) -> Void
) -> [Float] {
  let stride = test.n + gap
  var c = [Float](repeating: .nan, count: test.m * stride)
  if let start { for row in 0..<test.m { for i in 0..<test.n { c[row * stride + i] = start[row * test.n + i] } } }
  // Kernels read up to a vector beyond the elements.
  let (a, b) = (test.a + [Float](repeating: 0, count: 16), test.b + [Float](repeating: 0, count: 16))
  a.withUnsafeBufferPointer { a in
    b.withUnsafeBufferPointer { b in
      c.withUnsafeMutableBufferPointer {
        compute(a.baseAddress!, b.baseAddress!, OutputMatrix(pointer: $0.baseAddress!, stride: stride))
      }
    }
  }
  return c
}

private func largestError(_ found: [Float], _ expected: [Float]) -> Float {
  zip(found, expected).map { ($0 - $1).isNaN ? .infinity : abs($0 - $1) }.max() ?? 0
}

@Suite struct GEMMTests {
  /// Sums of k products of order one: some roundings of the largest partial sum.
  private func tolerance(_ test: ProductCase) -> Float { 1e-5 * Float(max(16, test.k)).squareRoot() * 4 }

  @Test("a product is the sum of products along k, for all shapes and transpositions", arguments: cases)
  private func products(_ test: ProductCase) {
    let bias = test.bias
    let found = output(test, gap: 0, start: nil) { a, b, c in
      bias.withUnsafeBufferPointer {
        gemm(
          test.shape, alpha: test.alpha, test.aMatrix(a), test.bMatrix(b), into: c,
          epilogue: GEMMEpilogue(bias: test.hasBias ? $0.baseAddress : nil))
      }
    }
    #expect(largestError(found, test.expected()) < tolerance(test))
  }

  @Test("a product is added to what C holds, and touches no element between its rows", arguments: cases)
  private func accumulation(_ test: ProductCase) {
    let bias = test.bias, addend = test.addend
    let found = output(test, gap: 3, start: addend) { a, b, c in
      bias.withUnsafeBufferPointer {
        gemm(
          test.shape, alpha: test.alpha, test.aMatrix(a), test.bMatrix(b), into: c,
          epilogue: GEMMEpilogue(bias: test.hasBias ? $0.baseAddress : nil, addend: .output))
      }
    }
    let rows = (0..<test.m).map { Array(found[$0 * (test.n + 3)..<($0 + 1) * (test.n + 3)]) }
    let sum = zip(test.expected(), addend).map { $0 + $1 }
    #expect(largestError(rows.flatMap { $0.prefix(test.n) }, sum) < tolerance(test))
    #expect(rows.allSatisfy { $0.suffix(3).allSatisfy(\.isNaN) })
  }

  @Test("a matrix that is added is the same as that matrix in C before", arguments: cases)
  private func addend(_ test: ProductCase) {
    let addend = test.addend
    let before = output(test, gap: 0, start: addend) { a, b, c in
      gemm(
        test.shape, alpha: test.alpha, test.aMatrix(a), test.bMatrix(b), into: c,
        epilogue: GEMMEpilogue(addend: .output))
    }
    let beside = output(test, gap: 0, start: nil) { a, b, c in
      addend.withUnsafeBufferPointer {
        gemm(
          test.shape, alpha: test.alpha, test.aMatrix(a), test.bMatrix(b), into: c,
          epilogue: GEMMEpilogue(addend: .matrix($0.baseAddress!)))
      }
    }
    #expect(before == beside)
  }

  @Test("operands that are generated give the bits of operands in memory", arguments: cases)
  private func generators(_ test: ProductCase) {
    // A transposed operand cannot be generated: B counts elsewhere.
    guard !test.transposesA && !test.transposesB else { return }
    let stored = output(test, gap: 0, start: nil) { a, b, c in
      gemm(test.shape, alpha: test.alpha, test.aMatrix(a), test.bMatrix(b), into: c)
    }
    let (aElements, bElements) = (test.a, test.b)
    let generated = output(test, gap: 0, start: nil) { a, b, c in
      let first: OperandGenerator = { row, column, count, target in
        for i in 0..<count { target[i] = aElements[row * test.k + column + i] }
      }
      let second: OperandGenerator = { row, column, count, target in
        for i in 0..<count { target[i] = bElements[row * test.n + column + i] }
      }
      gemm(
        test.shape, alpha: test.alpha, GEMMOperand(test.aMatrix(a), generator: first),
        GEMMOperand(test.bMatrix(b), generator: second), into: c)
    }
    #expect(stored == generated)
  }

  @Test(
    "the rows of a transposed A are summed while it is packed", arguments: [(40, 30, 50), (5, 100, 7), (66, 1040, 600)])
  func rowSums(m: Int, n: Int, k: Int) {
    let test = ProductCase(m: m, n: n, k: k, transposesA: true), a = test.a
    var sums = [Float](repeating: 1, count: m + 16)
    let found = output(test, gap: 0, start: nil) { a, b, c in
      sums.withUnsafeMutableBufferPointer {
        gemm(
          test.shape, GEMMOperand(test.aMatrix(a), rowSums: $0.baseAddress), GEMMOperand(test.bMatrix(b)), into: c)
      }
    }
    let expected = (0..<m).map { row in Float((0..<k).reduce(1.0) { $0 + Double(a[$1 * m + row]) }) }
    #expect(largestError(Array(sums.prefix(m)), expected) < 1e-3)
    #expect(sums.suffix(16).allSatisfy { $0 == 1 })
    #expect(largestError(found, test.expected()) < tolerance(test))
  }

  @Test("a sum over nothing is bias and addend")
  func emptySum() {
    let test = ProductCase(m: 70, n: 20, k: 0, hasBias: true), bias = test.bias, addend = test.addend
    func product(_ epilogue: GEMMEpilogue) -> [Float] {
      output(test, gap: 0, start: addend) { a, b, c in
        gemm(test.shape, test.aMatrix(a), test.bMatrix(b), into: c, epilogue: epilogue)
      }
    }
    #expect(product(GEMMEpilogue()).allSatisfy { $0 == 0 })
    #expect(product(GEMMEpilogue(addend: .output)) == addend)
    bias.withUnsafeBufferPointer {
      #expect(product(GEMMEpilogue(bias: $0.baseAddress)) == (0..<70).flatMap { _ in bias })
    }
  }

  @Test("a product without rows or columns writes nothing")
  func empty() {
    for (m, n) in [(0, 5), (5, 0), (0, 0)] {
      var calls = 0
      let test = ProductCase(m: m, n: n, k: 3)
      _ = output(test, gap: 1, start: nil) { a, b, c in
        let element = UnsafeMutablePointer<Float>.allocate(capacity: 1)
        element.initialize(to: 7)
        gemm(
          test.shape, test.aMatrix(a), test.bMatrix(b), into: OutputMatrix(pointer: element, stride: 1),
          epilogue: GEMMEpilogue(completion: { _, _ in calls += 1 }))
        #expect(element.pointee == 7)
        element.deallocate()
      }
      #expect(calls == 0)
    }
  }

  @Test("the completion is called once for every element, when it has its value", arguments: cases)
  private func completion(_ test: ProductCase) {
    let visits = Mutex([Int](repeating: 0, count: test.m * test.n))
    var withoutBias = test
    withoutBias.hasBias = false
    let final = withoutBias.expected(), errors = Mutex<[Float]>([])
    _ = output(test, gap: 0, start: nil) { a, b, c in
      gemm(
        test.shape, alpha: test.alpha, test.aMatrix(a), test.bMatrix(b), into: c,
        epilogue: GEMMEpilogue(completion: { rows, columns in
          for row in rows {
            for column in columns {
              let at = row * test.n + column, error = abs(c.element(at) - final[at])
              visits.withLock { $0[at] += 1 }
              if !(error < 1e-3) { errors.withLock { $0.append(error) } }
            }
          }
        }))
    }
    #expect(visits.withLock { $0.allSatisfy { $0 == 1 } })
    #expect(errors.withLock { $0 } == [])
  }

  @Test("the number of threads changes no bit", arguments: cases)
  private func threads(_ test: ProductCase) {
    func product() -> [Float] {
      output(test, gap: 0, start: nil) { a, b, c in
        gemm(test.shape, alpha: test.alpha, test.aMatrix(a), test.bMatrix(b), into: c)
      }
    }
    let all = product()
    ThreadPool.shared.use(1)
    defer { ThreadPool.shared.use(ThreadPool.shared.width) }
    #expect(product() == all)
  }

  @Test("the BLAS library and the micro-kernels agree", arguments: cases)
  private func library(_ test: ProductCase) throws {
    // Not every machine that runs the tests has a library.
    guard (try? BLAS.load()) != nil else { return }
    let bias = test.bias, addend = test.addend
    for isAccumulated in [false, true] {
      func product(_ compute: (Matrix, Matrix, OutputMatrix, GEMMEpilogue) -> Void) -> [Float] {
        output(test, gap: 2, start: addend) { a, b, c in
          bias.withUnsafeBufferPointer {
            compute(
              test.aMatrix(a), test.bMatrix(b), c,
              GEMMEpilogue(bias: test.hasBias ? $0.baseAddress : nil, addend: isAccumulated ? .output : .none))
          }
        }
      }
      let ours = product { gemm(test.shape, alpha: test.alpha, $0, $1, into: $2, epilogue: $3) }
      let theirs = product { libraryProduct(test.shape, alpha: test.alpha, $0, $1, into: $2, epilogue: $3) }
      // Elements between rows are not a number in both.
      let pairs = zip(ours, theirs).filter { !$0.isNaN || !$1.isNaN }
      #expect(pairs.count == test.m * test.n)
      #expect(pairs.allSatisfy { abs($0 - $1) < tolerance(test) })
    }
  }

  @Test("the BLAS library adds a matrix that lies elsewhere")
  func libraryAddend() throws {
    guard (try? BLAS.load()) != nil else { return }
    let test = ProductCase(m: 9, n: 12, k: 5), addend = test.addend
    let found = output(test, gap: 0, start: nil) { a, b, c in
      addend.withUnsafeBufferPointer {
        libraryProduct(
          test.shape, alpha: 1, test.aMatrix(a), test.bMatrix(b), into: c,
          epilogue: GEMMEpilogue(addend: .matrix($0.baseAddress!)))
      }
    }
    #expect(largestError(found, zip(test.expected(), addend).map { $0 + $1 }) < 1e-4)
  }
}

extension OutputMatrix {
  /// An element, counted over dense rows.
  fileprivate func element(_ at: Int) -> Float { pointer[at] }
}
