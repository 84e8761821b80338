import Tensors
import Testing

@Test("every element has every position of a random order equally often")
func ordersAreUniform() {
  let orders = Random(seed: 5, samples: Array(0..<4000)).orders(of: 6, "order")
  var counts = Array(repeating: Array(repeating: 0, count: 6), count: 6)
  for order in orders {
    #expect(order.sorted() == Array(0..<6))
    for (position, element) in order.enumerated() { counts[position][element] += 1 }
  }
  // 4000 / 6 = 667, with a deviation of 24: five of them.
  #expect(counts.allSatisfy { $0.allSatisfy { (547...787).contains($0) } }, "\(counts)")
}
