import Glibc
import Networks
import Testing

@Suite struct LearningRateTests {
  private func rate(_ shape: LearningRate.Shape, warmUp: Double = 10) -> LearningRate {
    LearningRate(shape, peak: 2, least: 0.5, warmUp: warmUp, total: 110)
  }

  @Test("the warm-up is a line from zero to the peak", arguments: LearningRate.Shape.allCases)
  func warmUp(_ shape: LearningRate.Shape) {
    #expect(rate(shape)(0) == 0 && rate(shape)(5) == 1 && rate(shape)(10) == 2)
    #expect(rate(shape, warmUp: 0)(0) == 2)
  }

  @Test("after the warm-up the rate stays, or falls to the least along a cosine or a line")
  func shapes() {
    #expect(rate(.constant)(60) == 2 && rate(.constant)(110) == 2)
    #expect(rate(.linear)(60) == 1.25 && rate(.linear)(110) == 0.5)
    #expect(abs(rate(.cosine)(60) - 1.25) < 1e-12 && abs(rate(.cosine)(110) - 0.5) < 1e-12)
    // A quarter of the way: 0.5 + 1.5 / 2 (1 + cos(pi / 4)).
    #expect(abs(rate(.cosine)(35) - (0.5 + 0.75 * (1 + cos(Double.pi / 4)))) < 1e-12)
  }

  @Test("the schedule of VAR: a warm-up from 0.005, 5 % at the peak, then a line to a tenth")
  func nextScale() {
    // `lin0` of its `lr_wd_annealing`, whose last step is max_it - 1.
    let (peak, warmUp, last) = (8e-5, 50.0, 999.0)
    var rate = LearningRate(.linear, peak: peak, least: 0.1 * peak, warmUp: warmUp, total: last)
    (rate.warmUpStart, rate.hold) = (0.005, 0.05)
    for step in stride(from: 0.0, through: last, by: 1) {
      let passed = (step - warmUp) / (last - warmUp)
      let factor =
        step < warmUp
        ? 0.005 + 0.995 * step / warmUp : passed < 0.05 ? 1 : 0.1 + 0.9 * (1 - passed) / 0.95
      #expect(abs(rate(step) / peak - factor) < 1e-12, "step \(step)")
    }
  }

  @Test("a cosine holds its peak before it falls, and a hold to the end never does")
  func held() {
    var held = rate(.cosine)
    held.hold = 0.5
    #expect(held(10) == 2 && held(60) == 2 && abs(held(85) - 1.25) < 1e-12 && abs(held(110) - 0.5) < 1e-12)
    held.hold = 1
    #expect(held(110) == 2)
  }

  @Test("after the end the last rate holds")
  func afterEnd() {
    #expect(rate(.linear)(500) == 0.5 && abs(rate(.cosine)(500) - 0.5) < 1e-12)
  }

  @Test("a run that is all warm-up ends at the least rate")
  func allWarmUp() {
    let rate = LearningRate(.linear, peak: 2, least: 0.5, warmUp: 100, total: 100)
    #expect(rate(50) == 1 && rate(100) == 0.5)
  }
}
