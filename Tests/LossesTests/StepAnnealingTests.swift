import Autoregression
import Glibc
import Settings
import Testing

/// Denoising steps that fall over the turns (DiSA; Zhao et al. 2025, arXiv 2505.20297).
@Suite struct StepAnnealingTests {
  private func steps(_ schedule: String, _ key: String = "diffusion", of turns: Int) throws -> [Int] {
    let tokenLoss = try loss(
      "{ use: \(key), width: 8, depth: 1, steps: \(schedule) }", of: TokenSpace(width: 4))
    return (0..<turns).map { turn in
      tokenLoss.evaluations(at: Moment(step: turn, steps: turns, progress: powf(Float(turn) / Float(turns), 3)))
    }
  }

  @Test("steps fall as in the released code, which rounds down: evenly, along a cosine, and in two stages")
  func schedules() throws {
    for (turns, upper, lower) in [(64, 50, 5), (8, 50, 5), (5, 25, 15)] {
      let last = Double(turns - 1)
      func annealed(_ fraction: (Double) -> Double) -> [Double] {
        (0..<turns).map { Double(lower) + fraction(Double($0)) * Double(upper - lower) }
      }
      let expected: [(String, [Double])] = [
        ("{ from: \(upper), to: \(lower), over: last-step }", annealed { (last - $0) / last }),
        (
          "{ shape: power-cosine, from: \(upper), to: \(lower), over: last-step }",
          annealed { (cos(.pi * $0 / last) + 1) / 2 }
        ),
        (
          "{ list: [\((0..<turns).map { Double($0) < last / 2 ? "\(upper)" : "\(lower)" }.joined(separator: ", "))] }",
          annealed { $0 < last / 2 ? 1 : 0 }
        ),
      ]
      for (schedule, exact) in expected {
        for key in ["diffusion", "flow-matching"] {
          let found = try steps(schedule, key, of: turns)
          #expect(found.first == upper && found.last == lower, "\(schedule)")
          #expect(zip(found, exact).allSatisfy { abs(Double($0) - $1) <= 0.5001 }, "\(schedule): \(found)")
          #expect(zip(found, exact).allSatisfy { $0 - Int($1 + 1e-9) <= 1 }, "\(schedule): \(found)")
          #expect(zip(found, found.dropFirst()).allSatisfy { $0 >= $1 }, "\(schedule): \(found)")
        }
      }
    }
  }
}
