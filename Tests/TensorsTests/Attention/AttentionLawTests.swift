import Glibc
import Tensors
import Testing

/// The results and gradients of `f` as bits, with at most `threads` threads.
private func bits(_ inputs: [Tensor], threads: Int, _ f: ([Tensor]) -> Tensor) -> [[UInt32]] {
  ThreadPool.shared.use(threads)
  defer { ThreadPool.shared.use(ThreadPool.shared.width) }
  let tracked = inputs.map(\.tracked), out = f(tracked)
  return ([out] + (out * numbers(out.shape, 99)).sum.gradients(of: tracked)).map { $0.scalars.map(\.bitPattern) }
}

/// Properties that hold for any queries, keys and values.
@Suite struct AttentionLawTests {
  @Test("causal attention of a prefix is the prefix of causal attention", arguments: [1, 5, 40])
  func causalPrefix(_ length: Int) {
    let qkv = numbers([2, 50, 3 * 32], 1)
    let all = qkv.selfAttention(heads: 2, visible: Array(1...50))
    let prefix = qkv.sliced(0..<length, axis: 1).selfAttention(heads: 2, visible: Array(1...length))
    #expect(all.sliced(0..<length, axis: 1).distance(to: prefix) < 1e-5)
  }

  @Test("the first query of causal attention copies the first value")
  func firstQuery() {
    let qkv = numbers([1, 20, 3 * 16], 1), out = qkv.selfAttention(heads: 1, visible: Array(1...20))
    let value = qkv.sliced(0..<1, axis: 1).sliced(32..<48, axis: 2)
    #expect(out.sliced(0..<1, axis: 1).distance(to: value) < 1e-6)
  }

  @Test("a vector that is added to all keys changes no result, and the gradient of all keys sums to zero")
  func shiftedKeys() {
    let q = numbers([1, 9, 24], 1), k = numbers([1, 30, 24], 2), v = numbers([1, 30, 24], 3), shift = numbers([24], 4)
    let out = q.attention(k, v, heads: 3)
    #expect(q.attention(k + shift, v, heads: 3).distance(to: out) < 1e-5)
    let tracked = k.tracked, gradient = q.attention(tracked, v, heads: 3).squared.sum.gradients(of: [tracked])[0]
    #expect(gradient.sum(axis: 1).scalars.allSatisfy { abs($0) < 1e-4 })
  }

  @Test("attention is linear in the values", arguments: [2, 17])
  func linearInValues(_ queries: Int) {
    let q = numbers([1, queries, 32], 1), k = numbers([1, 25, 32], 2), a = numbers([1, 25, 32], 3)
    let b = numbers([1, 25, 32], 4)
    func attend(_ v: Tensor) -> Tensor { q.attention(k, v, heads: 2) }
    #expect(attend(a * 2 + b).distance(to: attend(a) * 2 + attend(b)) < 1e-5)
  }

  @Test("heads are independent: each is attention of its channels")
  func heads() {
    let inputs = (1...3).map { numbers([2, 14, 3 * 16], UInt64($0)) }
    let all = inputs[0].attention(inputs[1], inputs[2], heads: 3)
    for head in 0..<3 {
      let part = inputs.map { $0.sliced(16 * head..<16 * head + 16, axis: 2) }
      let alone = part[0].attention(part[1], part[2], heads: 1)
      #expect(all.sliced(16 * head..<16 * head + 16, axis: 2).distance(to: alone) < 1e-6)
    }
  }

  @Test("the number of threads changes no bit of attention", arguments: [[330, 64], [20, 8], [2, 32]])
  func threads(sizes: [Int]) {
    let inputs = [numbers([3, sizes[0], 3 * 2 * sizes[1]], 1)]
    let attend = { (t: [Tensor]) in t[0].selfAttention(heads: 2, visible: Array(1...sizes[0])) }
    #expect(bits(inputs, threads: 1, attend) == bits(inputs, threads: ThreadPool.shared.width, attend))
  }

  @Test("rotations keep norms, and angles of zero change nothing")
  func rotationsAreIsometries() {
    let x = numbers([1, 4, 24], 1), angles = numbers([1, 4, 6], 2).scalars
    let rotary = RotaryAngles(
      cosines: Tensor([1, 4, 6], angles.map(cosf)), sines: Tensor([1, 4, 6], angles.map(sinf)))
    let before = x.squared.sum(axis: 2), after = x.rotated(by: rotary, heads: 2).squared.sum(axis: 2)
    #expect(after.distance(to: before) < 1e-4)
    let none = RotaryAngles(cosines: Tensor(repeating: 1, shape: [1, 4, 6]), sines: Tensor(zeros: [1, 4, 6]))
    #expect(x.rotated(by: none, heads: 2).distance(to: x) == 0)
  }

  @Test("a cache that grows row by row gives the rows of causal attention", arguments: [32, 20])
  func growingCache(_ width: Int) {
    let channels = 2 * width, qkv = numbers([2, 37, 3 * channels], 1)
    let keys = RowStorage(batch: 2, heads: 2, width: width), values = RowStorage(batch: 2, heads: 2, width: width)
    let causal = qkv.selfAttention(heads: 2, visible: Array(1...37))
    for row in 0..<37 {
      let part = qkv.sliced(row..<row + 1, axis: 1)
      keys.write(part, channelOffset: channels, at: row)
      values.write(part, channelOffset: 2 * channels, at: row)
      #expect(part.attention(keys, values).distance(to: causal.sliced(row..<row + 1, axis: 1)) < 1e-5)
    }
  }

  @Test("rows that are written again replace what a cache held, whatever stood behind them")
  func rewrittenCache() {
    let first = numbers([1, 40, 64], 1), second = numbers([1, 5, 64], 2), q = numbers([1, 1, 64], 3)
    let storage = RowStorage(batch: 1, heads: 2, width: 32), fresh = RowStorage(batch: 1, heads: 2, width: 32)
    storage.write(first, at: 0)
    storage.write(second, at: 10)
    fresh.write(first.sliced(0..<10, axis: 1), at: 0)
    fresh.write(second, at: 10)
    #expect(storage.count == 15 && fresh.count == 15)
    #expect(q.attention(storage, storage).distance(to: q.attention(fresh, fresh)) == 0)
  }
}
