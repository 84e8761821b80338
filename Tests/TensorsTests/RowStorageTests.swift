import Tensors
import Testing

@Suite struct RowStorageTests {
  @Test("rows come back as they were put in, however many, and later ones give way")
  func rows() throws {
    var random = Random(seed: 1, samples: [0, 1, 2])
    let all = random.normal([3, 150, 5], "rows"), storage = RowStorage(batch: 3, width: 5)
    var put = 0
    for part in [1, 70, 3, 60, 16] {
      storage.write(all.sliced(put..<put + part, axis: 1), after: put)
      put += part
      #expect(storage.count == put)
      #expect(storage.tensor.sliced(0..<put, axis: 1).distance(to: all.sliced(0..<put, axis: 1)) == 0)
    }
    let others = random.normal([3, 2, 5], "others")
    storage.write(others, after: 40)
    let wanted = Tensor.concatenated([all.sliced(0..<40, axis: 1), others], axis: 1)
    #expect(storage.count == 42 && storage.tensor.sliced(0..<42, axis: 1).distance(to: wanted) == 0)
  }

  @Test("what lies behind the rows is zeros at first, so that unseen keys spoil nothing")
  func behind() {
    let storage = RowStorage(batch: 1, width: 2)
    storage.write(Tensor([1, 1, 2], [1, 2]), after: 0)
    let rest = storage.tensor.sliced(1..<storage.tensor.shape[1], axis: 1)
    #expect(rest.scalars.allSatisfy { $0 == 0 })
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
