import Tensors

/// Which images stand for a data set: one from each of `count` equal stretches of it, at a place that chance chose once.
///
/// Even steps would not do: where classes take turns in a data set, they meet the same class again and again. The same
/// for the same two numbers; ascending, none twice where there are enough.
package func stratifiedRows(_ count: Int, over total: Int) -> [Int] {
  guard count > 0, total > 0 else { return [] }
  var random = Random(seed: 0)
  let chance = random.uniform([1, count], "rows").scalars
  return (0..<count).map { index in
    let lower = index * total / count, upper = (index + 1) * total / count
    return min(total - 1, lower + Int(chance[index] * Float(max(1, upper - lower))))
  }
}
