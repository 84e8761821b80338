import Tensors
import Testing

@Suite struct ChunkTests {
  private static let shapes = [[3], [70, 33], [], [4097], [0, 5]]
  private func lists(_ count: Int, seed: UInt64) -> [[Tensor]] {
    (0..<count).map { list in Self.shapes.indices.map { numbers(Self.shapes[$0], seed + UInt64(10 * list + $0)) } }
  }

  @Test("an update in place changes every scalar once, reads its sources, and changes no other reference")
  func updateInPlace() {
    var lists = lists(2, seed: 1)
    let before = lists, sources = self.lists(1, seed: 100)
    Tensor.updateInPlace(&lists, reading: sources) { chunk in
      for i in 0..<chunk.count {
        chunk.outputs[0][i] += 2 * chunk.inputs[0][i]
        chunk.outputs[1][i] = Float(chunk.index)
      }
    }
    for index in Self.shapes.indices {
      #expect(lists[0][index].distance(to: before[0][index] + sources[0][index] * 2) == 0)
      #expect(lists[1][index].scalars.allSatisfy { $0 == Float(index) })
      #expect(lists[0][index].shape == Self.shapes[index])
    }
    #expect(before[1][1].scalars == numbers([70, 33], 12).scalars)
  }

  @Test("a map fills new tensors from old ones")
  func map() {
    let lists = lists(2, seed: 3)
    let results = Tensor.map(lists, outputs: 2) { chunk in
      for i in 0..<chunk.count {
        chunk.outputs[0][i] = chunk.inputs[0][i] - chunk.inputs[1][i]
        chunk.outputs[1][i] = chunk.inputs[1][i]
      }
    }
    for index in Self.shapes.indices {
      #expect(results[0][index].distance(to: lists[0][index] - lists[1][index]) == 0)
      #expect(results[1][index].scalars == lists[1][index].scalars && !results[0][index].isTracked)
    }
    #expect(Tensor.map([], outputs: 2) { _ in }.map(\.count) == [0, 0])
  }

  @Test("rows are computed one by one from rows of any width")
  func rowwise() {
    let x = numbers([65, 3], 5), y = numbers([65, 1], 6)
    let results = Tensor.rowwise([x, y], outputs: [1, 2], cost: 1000) { row, from, to in
      to[0][0] = from[0][0] + from[0][2] * from[1][0]
      (to[1][0], to[1][1]) = (Float(row), from[1][0])
    }
    #expect(results.map(\.shape) == [[65, 1], [65, 2]])
    for row in 0..<65 {
      #expect(results[0].scalars[row] == x.scalars[3 * row] + x.scalars[3 * row + 2] * y.scalars[row])
      #expect(results[1].scalars[2 * row] == Float(row) && results[1].scalars[2 * row + 1] == y.scalars[row])
    }
  }

  @Test("a tensor knows its shape, its range and whether it is finite")
  func properties() {
    let x = Tensor([2, 3], [1, -4, 2, 0, 9, 3])
    #expect(x.count == 6 && x.extent == -4...9 && x.isFinite && [2, 3].product == 6 && ([] as [Int]).product == 1)
    #expect(Tensor([0], []).extent == 0...0 && Tensor(7).shape == [] && Tensor(7).scalar == 7)
    #expect(!Tensor([2], [1, .nan]).isFinite && !Tensor([2], [1, .infinity]).isFinite)
    #expect(Tensor([2], [1, .nan]).distance(to: Tensor([2], [1, 1])) == .infinity)
    #expect(Tensor.placeholder([4, 5]).shape == [4, 5] && Tensor(repeating: 2, shape: [2]).scalars == [2, 2])
  }
}
