import Tensors

/// Returns a stratified sample of row indices: one drawn from each of `count` equal ranges of `0..<total`.
///
/// Equal steps would meet the same class again and again in a data set whose classes alternate. The result depends on
/// the two numbers alone; it is ascending, and without duplicates where `total >= count`.
package func stratifiedRows(_ count: Int, over total: Int) -> [Int] {
  guard count > 0, total > 0 else { return [] }
  var random = Random(seed: 0)
  let draws = random.uniform([1, count], "rows").scalars
  return (0..<count).map { index in
    let lower = index * total / count, upper = (index + 1) * total / count
    return min(total - 1, lower + Int(draws[index] * Float(max(1, upper - lower))))
  }
}
