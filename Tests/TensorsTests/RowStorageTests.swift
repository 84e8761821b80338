import Tensors
import Testing

@Suite struct RowStorageTests {
  @Test("rows come back as they were put in, however many, and later ones give way")
  func rows() throws {
    var random = Random(seed: 1, samples: [0, 1, 2])
    let all = random.normal([3, 150, 10], "rows"), storage = RowStorage(batch: 3, heads: 2, width: 5)
    /// Head by head, as a storage keeps them.
    func split(_ rows: Tensor) -> Tensor {
      rows.reshaped([3, rows.shape[1], 2, 5]).permuted([0, 2, 1, 3])
    }
    var put = 0
    for part in [1, 70, 3, 60, 16] {
      storage.write(all.sliced(put..<put + part, axis: 1), after: put)
      put += part
      #expect(storage.count == put)
      #expect(storage.tensor.sliced(0..<put, axis: 2).distance(to: split(all.sliced(0..<put, axis: 1))) == 0)
    }
    let others = random.normal([3, 2, 10], "others")
    storage.write(others, after: 40)
    let wanted = Tensor.concatenated([all.sliced(0..<40, axis: 1), others], axis: 1)
    #expect(storage.count == 42 && storage.tensor.sliced(0..<42, axis: 2).distance(to: split(wanted)) == 0)
  }

  @Test("what lies behind the rows is zeros at first, so that unseen keys spoil nothing")
  func behind() {
    let storage = RowStorage(batch: 1, heads: 1, width: 2)
    storage.write(Tensor([1, 1, 2], [1, 2]), after: 0)
    let rest = storage.tensor.sliced(1..<storage.tensor.shape[2], axis: 2)
    #expect(rest.scalars.allSatisfy { $0 == 0 })
  }

  @Test(
    "attention reads keys and values from a storage as from a tensor", arguments: [(4, 1), (4, 7), (16, 1), (32, 2)])
  func attention(_ width: Int, _ queries: Int) {
    var random = Random(seed: 3, samples: [0, 1])
    let whole = 2 * width, q = random.normal([2, queries, whole], "q")
    let k = random.normal([2, 21, whole], "k"), v = random.normal([2, 21, whole], "v")
    let keys = RowStorage(batch: 2, heads: 2, width: width), values = RowStorage(batch: 2, heads: 2, width: width)
    keys.write(k, after: 0)
    values.write(v, after: 0)
    let visible = (0..<queries).map { 21 - $0 }
    let kept = q.attention(keys.tensor, values.tensor, heads: 2, visible: visible)
    #expect(kept.distance(to: q.attention(k, v, heads: 2, visible: visible)) < 1e-6)
  }

  @Test("attention whose factors are one is attention")
  func factors() {
    var random = Random(seed: 2, samples: [0, 1])
    let q = random.normal([2, 3, 8], "q"), k = random.normal([2, 5, 8], "k"), v = random.normal([2, 5, 8], "v")
    let plain = q.attention(k, v, heads: 2, visible: [1, 3, 5])
    let ones = Tensor(repeating: 1, shape: [2, 2, 3, 5])
    #expect(q.attention(k, v, heads: 2, visible: [1, 3, 5], factors: ones).distance(to: plain) < 1e-5)
  }
}
