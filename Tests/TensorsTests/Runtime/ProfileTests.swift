import Tensors
import Testing

/// The profile is of the whole process: tests of other suites run beside these, so that only lower bounds hold.
@Suite(.serialized) struct ProfileTests {
  @Test("a product of m, n and k counts 2 m n k operations, its gradients the same each")
  func operations() {
    let a = numbers([20, 30], 1).tracked, b = numbers([30, 40], 2).tracked
    let before = Profile.shared.productOperations
    let y = a.product(b)
    let forward = Profile.shared.productOperations
    #expect(forward - before >= 2 * 20 * 30 * 40)
    _ = y.sum.gradients(of: [a, b])
    #expect(Profile.shared.productOperations - forward >= 2 * 2 * 20 * 30 * 40)
  }

  @Test("operations are timed between start and stop, forward and backward, the longest first")
  func times() {
    Profile.shared.start()
    #expect(Profile.shared.isOn)
    let x = numbers([64, 64], 1).tracked
    for _ in 0..<3 { _ = x.product(x).exponential.sum.gradients(of: [x]) }
    Profile.shared.forward("reading")
    let lines = Profile.shared.stop()
    #expect(!Profile.shared.isOn)
    let product = lines.first { $0.name.contains("product") }
    #expect(product.map { $0.calls >= 3 && $0.forward > 0 && $0.backward > 0 } == true)
    #expect(product.map { $0.seconds == $0.forward + $0.backward } == true)
    #expect(lines.contains { $0.name == "reading" && $0.calls >= 1 })
    #expect(zip(lines, lines.dropFirst()).allSatisfy { $0.seconds >= $1.seconds })
  }

  @Test("nothing is timed before start, and start clears what was")
  func clearing() {
    Profile.shared.start()
    Profile.shared.forward("an old phase")
    _ = Profile.shared.stop()
    Profile.shared.forward("a phase outside")
    Profile.shared.start()
    #expect(!Profile.shared.stop().contains { $0.name == "an old phase" || $0.name == "a phase outside" })
  }
}
