import Tensors
import Testing

@Suite struct RowStorageTests {
  @Test(
    "rows come back head by head as they were written, whatever the capacity, and later ones are replaced",
    arguments: [0, 20, 150])
  func rows(capacity: Int) throws {
    var random = Random(seed: 1, samples: [0, 1, 2])
    let all = random.normal([3, 150, 10], "rows")
    let storage = RowStorage(batch: 3, heads: 2, width: 5, capacity: capacity)
    func expect(_ rows: Tensor) {
      #expect(storage.count == rows.shape[1])
      for sample in 0..<3 {
        for head in 0..<2 {
          let expected = rows.sliced(sample..<sample + 1, axis: 0).sliced(5 * head..<5 * head + 5, axis: 2)
          #expect(storage.rows(of: sample, head: head).distance(to: expected.reshaped([storage.count, 5])) == 0)
        }
      }
    }
    var written = 0
    for part in [1, 70, 3, 60, 16] {
      storage.write(all.sliced(written..<written + part, axis: 1), at: written)
      written += part
      expect(all.sliced(0..<written, axis: 1))
    }
    let others = random.normal([3, 2, 10], "others")
    storage.write(others, at: 40)
    expect(Tensor.concatenated([all.sliced(0..<40, axis: 1), others], axis: 1))
  }
}

@Suite struct CachedAttentionTests {
  @Test(
    "attention reads keys and values from a storage as from tensors, and none that is not visible",
    arguments: [(4, 1), (4, 7), (16, 1), (32, 1), (32, 2), (96, 1), (32, 7)], [1, 9])
  func attention(_ sizes: (width: Int, queries: Int), _ batch: Int) {
    var random = Random(seed: 3, samples: Array(0..<batch))
    let (width, queries) = sizes, channels = 2 * width, q = random.normal([batch, queries, channels], "q")
    let k = random.normal([batch, 85, channels], "k"), v = random.normal([batch, 85, channels], "v")
    // Memory that the storages get next holds no finite numbers.
    _ = (0..<2).map { _ in Tensor(repeating: .nan, shape: [batch, 128, channels]) }
    let keys = RowStorage(batch: batch, heads: 2, width: width),
      values = RowStorage(batch: batch, heads: 2, width: width)
    keys.write(k, at: 0)
    values.write(v, at: 0)
    for seen in [85, 80, 16, 13, 7] {
      let visible = (0..<queries).map { seen - $0 }
      let cached = q.attention(keys, values, visible: visible)
      #expect(cached.distance(to: q.attention(k, v, heads: 2, visible: visible)) < 2e-6)
    }
    #expect(q.attention(keys, values).distance(to: q.attention(k, v, heads: 2)) < 2e-6)
  }

  @Test("queries, keys and values beside other channels are used as if they lay alone", arguments: [(8, 5), (32, 2)])
  func packed(_ sizes: (width: Int, queries: Int)) {
    var random = Random(seed: 4, samples: [0, 1, 2])
    let channels = 2 * sizes.width, qkv = random.normal([3, sizes.queries, 3 * channels], "qkv")
    func storage(_ rows: Tensor, from channel: Int) -> RowStorage {
      let storage = RowStorage(batch: 3, heads: 2, width: sizes.width)
      storage.write(rows, channelOffset: channel, at: 0)
      return storage
    }
    let parts = (0..<3).map { qkv.sliced($0 * channels..<($0 + 1) * channels, axis: 2) }
    let alone = parts[0].attention(storage(parts[1], from: 0), storage(parts[2], from: 0))
    let packed = qkv.attention(storage(qkv, from: channels), storage(qkv, from: 2 * channels))
    #expect(packed.shape == alone.shape && packed.distance(to: alone) == 0)
  }
}
