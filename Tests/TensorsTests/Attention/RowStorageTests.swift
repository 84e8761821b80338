import Tensors
import Testing

@Suite struct RowStorageTests {
  @Test(
    "rows come back head by head as they were put in, however many were expected, and later ones give way",
    arguments: [0, 20, 150])
  func rows(capacity: Int) throws {
    var random = Random(seed: 1, samples: [0, 1, 2])
    let all = random.normal([3, 150, 10], "rows")
    let storage = RowStorage(batch: 3, heads: 2, width: 5, capacity: capacity)
    func expect(_ rows: Tensor) {
      #expect(storage.count == rows.shape[1])
      for sample in 0..<3 {
        for head in 0..<2 {
          let own = rows.sliced(sample..<sample + 1, axis: 0).sliced(5 * head..<5 * head + 5, axis: 2)
          #expect(storage.rows(of: sample, head: head).distance(to: own.reshaped([storage.count, 5])) == 0)
        }
      }
    }
    var put = 0
    for part in [1, 70, 3, 60, 16] {
      storage.write(all.sliced(put..<put + part, axis: 1), at: put)
      put += part
      expect(all.sliced(0..<put, axis: 1))
    }
    let others = random.normal([3, 2, 10], "others")
    storage.write(others, at: 40)
    expect(Tensor.concatenated([all.sliced(0..<40, axis: 1), others], axis: 1))
  }

  @Test(
    "attention reads keys and values from a storage as from tensors, and looks at none that is not visible",
    arguments: [(4, 1), (4, 7), (16, 1), (32, 1), (32, 2), (96, 1), (32, 7)], [1, 9])
  func attention(_ sizes: (width: Int, queries: Int), _ batch: Int) {
    var random = Random(seed: 3, samples: Array(0..<batch))
    let (width, queries) = sizes, whole = 2 * width, q = random.normal([batch, queries, whole], "q")
    let k = random.normal([batch, 85, whole], "k"), v = random.normal([batch, 85, whole], "v")
    // The memory that storages are given next held no numbers.
    _ = (0..<2).map { _ in Tensor(repeating: .nan, shape: [batch, 128, whole]) }
    let keys = RowStorage(batch: batch, heads: 2, width: width),
      values = RowStorage(batch: batch, heads: 2, width: width)
    keys.write(k, at: 0)
    values.write(v, at: 0)
    for seen in [85, 80, 16, 13, 7] {
      let visible = (0..<queries).map { seen - $0 }
      let kept = q.attention(keys, values, visible: visible)
      #expect(kept.distance(to: q.attention(k, v, heads: 2, visible: visible)) < 2e-6)
    }
    #expect(q.attention(keys, values).distance(to: q.attention(k, v, heads: 2)) < 2e-6)
  }

  @Test("what lies beside other channels is kept and looked at as if it lay alone", arguments: [(8, 5), (32, 2)])
  func beside(_ sizes: (width: Int, queries: Int)) {
    var random = Random(seed: 4, samples: [0, 1, 2])
    let whole = 2 * sizes.width, mixed = random.normal([3, sizes.queries, 3 * whole], "mixed")
    func storage(_ rows: Tensor, from channel: Int) -> RowStorage {
      let made = RowStorage(batch: 3, heads: 2, width: sizes.width)
      made.write(rows, channelOffset: channel, at: 0)
      return made
    }
    let parts = (0..<3).map { mixed.sliced($0 * whole..<($0 + 1) * whole, axis: 2) }
    let alone = parts[0].attention(storage(parts[1], from: 0), storage(parts[2], from: 0))
    let made = mixed.attention(storage(mixed, from: whole), storage(mixed, from: 2 * whole))
    #expect(made.shape == alone.shape && made.distance(to: alone) == 0)
  }

  @Test("attention whose factors are one is attention")
  func factors() {
    var random = Random(seed: 2, samples: [0, 1])
    let q = random.normal([2, 3, 8], "q"), k = random.normal([2, 5, 8], "k"), v = random.normal([2, 5, 8], "v")
    let plain = q.attention(k, v, heads: 2, visible: [1, 3, 5])
    let ones = Tensor(repeating: 1, shape: [2, 2, 3, 5])
    #expect(q.attention(k, v, heads: 2, visible: [1, 3, 5], dropoutMask: ones).distance(to: plain) < 1e-5)
  }
}
