import Glibc
import Tensors
import Testing

/// softmax(Q K^T / sqrt(d) + hidden) V, head by head, from products and a softmax; with factors [heads, q, k] on the
/// probabilities.
func slowAttention(_ inputs: [Tensor], heads: Int, visible: [Int]?, factors: Tensor? = nil) -> Tensor {
  let (batch, n, m) = (inputs[0].shape[0], inputs[0].shape[1], inputs[1].shape[1]), d = inputs[0].shape[2] / heads
  let hidden = Tensor(
    [n, m], (0..<n * m).map { i in visible.map { i % m < $0[i / m] ? 0 : -1e9 } ?? 0 })
  let samples = (0..<batch).map { sample in
    let outputs = (0..<heads).map { head in
      func rows(_ index: Int) -> Tensor {
        inputs[index].sliced(sample..<sample + 1, axis: 0).sliced(head * d..<(head + 1) * d, axis: 2)
          .reshaped([inputs[index].shape[1], d])
      }
      let scores = rows(0).product(rows(1).transposed) * (1 / Float(d).squareRoot()) + hidden
      var probabilities = scores.softmax
      if let factors {
        let part = factors.sliced(sample..<sample + 1, axis: 0).sliced(head..<head + 1, axis: 1)
        probabilities = probabilities * part.reshaped([n, m])
      }
      return probabilities.product(rows(2)).reshaped([1, n, d])
    }
    return Tensor.concatenated(outputs, axis: 2)
  }
  return Tensor.concatenated(samples, axis: 0)
}

/// The kernels of attention beside `slowAttention`, and the properties of a softmax.
@Suite struct AttentionTests {
  /// Queries, keys, heads, width of a head, and how many queries become able to see more at a time (0: all see all).
  @Test(
    "attention in blocks is a softmax of products, head by head, gradients included",
    arguments: [
      [7, 7, 2, 8, 0], [20, 20, 2, 32, 4], [80, 80, 1, 32, 0], [1, 9, 2, 16, 0], [2, 9, 2, 5, 0], [70, 70, 1, 24, 1],
      [5, 17, 1, 80, 0], [330, 330, 1, 64, 0], [270, 270, 1, 20, 1], [150, 420, 1, 16, 1],
    ])
  func matchesProducts(sizes: [Int]) {
    let (n, m, heads, d, block) = (sizes[0], sizes[1], sizes[2], sizes[3], sizes[4])
    let visible = block == 0 ? nil : (0..<n).map { min(m, $0 / block * block + block) }
    let slow = { (t: [Tensor]) in slowAttention(t, heads: heads, visible: visible) }
    let inputs = [numbers([1, n, heads * d], 1), numbers([1, m, heads * d], 2), numbers([1, m, heads * d], 3)]
    #expect(distance(inputs, { $0[0].attention($0[1], $0[2], heads: heads, visible: visible) }, slow) < 1e-5)
    guard n == m else { return }
    #expect(
      distance(
        inputs, { Tensor.concatenated($0, axis: 2).selfAttention(heads: heads, visible: visible) }, slow) < 1e-5)
  }

  @Test("the samples of a batch are independent, with one head or several", arguments: [1, 3])
  func batches(heads: Int) {
    let inputs = (1...3).map { numbers([4, 19, heads * 16], UInt64($0)) }
    #expect(
      distance(
        inputs, { $0[0].attention($0[1], $0[2], heads: heads) }, { slowAttention($0, heads: heads, visible: nil) })
        < 1e-5)
  }

  @Test("a key that no query sees gets no gradient, and changes no result", arguments: [4, 40])
  func unseenKeys(_ queries: Int) {
    let q = numbers([1, queries, 16], 1), k = numbers([1, 30, 16], 2).tracked, v = numbers([1, 30, 16], 3).tracked
    let visible = Array(repeating: 11, count: queries)
    let out = q.attention(k, v, heads: 1, visible: visible)
    for gradient in out.squared.sum.gradients(of: [k, v]) {
      let rows = gradient.sliced(11..<30, axis: 1)
      #expect(rows.scalars.allSatisfy { $0 == 0 })
      #expect(gradient.scalars.contains { $0 != 0 })
    }
    let short = q.attention(
      k.detached.sliced(0..<11, axis: 1), v.detached.sliced(0..<11, axis: 1), heads: 1)
    #expect(out.distance(to: short) < 1e-6)
  }

  @Test("equal values come out as they are, whatever the scores", arguments: [1, 2, 33])
  func probabilitiesSumToOne(_ queries: Int) {
    let row = numbers([1, 1, 24], 3), values = Tensor.concatenated(Array(repeating: row, count: 50), axis: 1)
    let out = (numbers([1, queries, 24], 1) * 5).attention(numbers([1, 50, 24], 2), values, heads: 2)
    #expect(out.distance(to: Tensor.concatenated(Array(repeating: row, count: queries), axis: 1)) < 1e-5)
  }

  @Test("scores whose exponentials are too large for a float choose the largest", arguments: [2, 20])
  func largeScores(_ queries: Int) {
    // Key 3 has the score 1000 / sqrt(16), all others 0.
    var keys = [Float](repeating: 0, count: 8 * 16)
    keys[3 * 16] = 1000
    let q = Tensor([1, queries, 16], (0..<queries * 16).map { $0 % 16 == 0 ? 1 : 0 }), v = numbers([1, 8, 16], 3)
    let out = q.attention(Tensor([1, 8, 16], keys), v, heads: 1), expected = v.sliced(3..<4, axis: 1)
    #expect(out.distance(to: Tensor.concatenated(Array(repeating: expected, count: queries), axis: 1)) < 1e-6)
  }

  @Test("a permutation of keys and values changes nothing")
  func permutedKeys() {
    let q = numbers([1, 12, 32], 1), k = numbers([1, 21, 32], 2), v = numbers([1, 21, 32], 3)
    let order = [(0..<21).map { $0 * 8 % 21 }]
    let permuted = q.attention(k.gathered(order), v.gathered(order), heads: 2)
    #expect(permuted.distance(to: q.attention(k, v, heads: 2)) < 1e-6)
  }
}

@Suite struct AttentionDropoutTests {
  @Test(
    "a dropout mask multiplies probabilities after the softmax, gradients included", arguments: [nil, [2, 5, 9, 9]])
  func mask(visible: [Int]?) {
    let inputs = [numbers([2, 4, 12], 1), numbers([2, 9, 12], 2), numbers([2, 9, 12], 3)]
    let mask = Tensor([2, 2, 4, 9], (0..<144).map { $0 % 5 == 1 ? 0 : 1.25 })
    #expect(
      distance(
        inputs, { $0[0].attention($0[1], $0[2], heads: 2, visible: visible, dropoutMask: mask) },
        { slowAttention($0, heads: 2, visible: visible, factors: mask) }) < 1e-5)
  }

  @Test("attention whose dropout mask is one is attention")
  func ones() {
    let q = numbers([2, 3, 8], 1), k = numbers([2, 5, 8], 2), v = numbers([2, 5, 8], 3)
    let plain = q.attention(k, v, heads: 2, visible: [1, 3, 5])
    let ones = Tensor(repeating: 1, shape: [2, 2, 3, 5])
    #expect(q.attention(k, v, heads: 2, visible: [1, 3, 5], dropoutMask: ones).distance(to: plain) < 1e-5)
  }

  @Test("where all probabilities are dropped the output and all gradients are zero")
  func zeros() {
    let inputs = [numbers([1, 3, 8], 1), numbers([1, 5, 8], 2), numbers([1, 5, 8], 3)].map(\.tracked)
    let out = inputs[0].attention(
      inputs[1], inputs[2], heads: 2, dropoutMask: Tensor(zeros: [1, 2, 3, 5]))
    #expect(out.scalars.allSatisfy { $0 == 0 })
    for gradient in out.sum.gradients(of: inputs) { #expect(gradient.scalars.allSatisfy { $0 == 0 }) }
  }
}
