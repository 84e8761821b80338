import Autoregression
import Tensors
import Testing

@Suite struct CheckpointSourceTests {
  @Test("a tensor fits by its shape alone, in their layout of kernels and whatever its axes of length 1")
  func fits() {
    let cases: [(part: CheckpointSource.Part, found: [Int], wanted: [Int], fits: Bool)] = [
      (.whole, [3, 4], [3, 4], true), (.whole, [4, 3], [3, 4], false), (.whole, [12], [3, 4], false),
      (.whole, [1, 1, 4], [4], true), (.whole, [], [1], true), (.whole, [], [2], false), (.whole, [0], [1], false),
      (.whole, [8, 3, 5, 5], [8, 5, 5, 3], true), (.whole, [8, 5, 5, 3], [8, 5, 5, 3], false),
      (.whole, [1, 1, 6, 4], [6, 4], true), (.whole, [1, 2, 1, 1], [2], true), (.whole, [2, 2, 2, 2, 2], [32], false),
      (.part(1, of: 3), [6, 4], [2, 4], true), (.part(1, of: 3), [7, 4], [2, 4], false),
      (.part(2, of: 3), [6, 4, 1, 1], [2, 4], true), (.part(0, of: 3), [], [1], false),
      (.part(0, of: 3), [2], [1], false),
      (.allButLast, [5, 4], [4, 4], true), (.allButLast, [4, 4], [4, 4], false), (.allButLast, [1, 4], [0, 4], false),
      (.last, [5, 4], [1, 4], true), (.last, [5, 3], [1, 4], false), (.last, [], [1], false),
    ]
    for (part, found, wanted, fits) in cases {
      let source = CheckpointSource("a", part)
      #expect(source.fits(found, wanted) == fits, "\(part) of \(found) for \(wanted)")
      let tensor = Tensor(repeating: 1, shape: found)
      #expect(source.value(tensor, as: wanted)?.shape == (fits ? wanted : nil), "\(part) of \(found) for \(wanted)")
    }
  }

  @Test("parts are rows of the tensor, and kernels have their channels last")
  func values() {
    let rows = Tensor([3, 2], [1, 2, 3, 4, 5, 6])
    #expect(CheckpointSource("a", .part(1, of: 3)).value(rows, as: [2])?.scalars == [3, 4])
    #expect(CheckpointSource("a", .allButLast).value(rows, as: [2, 2])?.scalars == [1, 2, 3, 4])
    #expect(CheckpointSource("a", .last).value(rows, as: [1, 2])?.scalars == [5, 6])
    let kernel = Tensor([1, 2, 2, 1], [1, 2, 3, 4])
    #expect(CheckpointSource("a").value(kernel, as: [1, 2, 1, 2])?.scalars == [1, 3, 2, 4])
  }

  @Test("the shape that would fit is said in their layout")
  func expectations() {
    #expect(CheckpointSource("a").expectation([3, 4]) == "[3, 4]")
    #expect(CheckpointSource("a").expectation([8, 5, 5, 3]) == "[8, 3, 5, 5]")
    #expect(CheckpointSource("a", .part(0, of: 3)).expectation([2, 4]) == "[6, 4]")
    #expect(CheckpointSource("a", .allButLast).expectation([4, 4]) == "[5, 4]")
    #expect(CheckpointSource("a", .last).expectation([1, 4]) == "[any, 4]")
    #expect(CheckpointSource("a").expectation([]) == "[]")
  }

  @Test("names are replaced part by part, in order, at every occurrence")
  func renaming() {
    let renaming = Renaming([("layers.", "blocks."), (".wo.", ".output."), ("a", "aa"), ("none", "x")])
    #expect(renaming("layers.0.wo.wo.layers.") == "blocks.0.output.wo.blocks.")
    #expect(renaming("aba") == "aabaa" && renaming("") == "" && renaming("lay") == "laay")
  }
}
