import FixtureSupport
import Glibc
import Networks
import Tensors
import Testing

@Suite struct OptimizerTests {
  @Test("six steps of clipping, AdamW and average are those of the reference, in double precision")
  func reference() throws {
    let file = try Fixture("optim")
    func number(_ name: String) throws -> Double { try #require(file.number(name)) }
    let rule = AdamW(
      beta1: try number("beta1"), beta2: try number("beta2"), epsilon: try number("eps"),
      weightDecay: try number("weight_decay"))
    let rate = LearningRate(
      .cosine, peak: try number("lr"), least: try number("min_lr"), warmUp: try number("warmup_epochs"),
      total: try number("epochs"))
    let names = ["w", "b", "g"], steps = Int(try number("steps"))
    var p = try names.map { try file.doubles("inputs/param/\($0)") }, m = p.map { $0.map { _ in 0.0 } }, v = m, ema = p
    let raw = try names.map { try file.doubles("inputs/grad/\($0)") }
    var ours: [[Double]] = [[], [], []], averages = ours, rates: [Double] = [], norms: [Double] = []
    for step in 0..<steps {
      let gradients = names.indices.map { Array(raw[$0][step * p[$0].count..<(step + 1) * p[$0].count]) }
      let norm = gradients.joined().reduce(0) { $0 + $1 * $1 }.squareRoot()
      let scale = AdamW.clipping(norm: norm, limit: try number("grad_clip")), now = rate(0.6 * Double(step))
      rates.append(now)
      norms.append(norm)
      for i in names.indices {
        let update: AdamW.Step<Double> = rule.step(step + 1, rate: now, decays: names[i] != "b")
        for k in p[i].indices {
          update.apply(gradients[i][k] * scale, to: &p[i][k], mean: &m[i][k], square: &v[i][k])
          ema[i][k] = try number("ema_rate") * ema[i][k] + (1 - (try number("ema_rate"))) * p[i][k]
        }
        ours[i] += p[i]
        averages[i] += ema[i]
      }
    }
    for i in names.indices {
      #expect(try file.disagreement(ours[i], "outputs/param/\(names[i])") == nil)
      #expect(try file.disagreement(averages[i], "outputs/ema/\(names[i])") == nil)
    }
    #expect(try file.disagreement(rates, "outputs/lr") == nil)
    #expect(try file.disagreement(norms, "outputs/grad_norm") == nil)
  }

  @Test("the optimizer takes the rule's steps on parameters")
  func agreement() {
    let parameter = Parameter(Tensor([2, 2], [1, -2, 3, 0.5])), rule = AdamW(weightDecay: 0.1)
    var optimizer = Optimizer([parameter], rule: rule, clip: 0), p: [Double] = [1, -2, 3, 0.5], m = [0.0, 0, 0, 0],
      v = m
    for number in 1...3 {
      _ = optimizer.step(parameter().squared.sum, rate: 0.01)
      let step: AdamW.Step<Double> = rule.step(number, rate: 0.01, decays: true)
      for i in p.indices { step.apply(2 * p[i], to: &p[i], mean: &m[i], square: &v[i]) }
    }
    for (ours, expected) in zip(parameter.value.scalars, p) { #expect(abs(Double(ours) - expected) < 1e-5) }
  }

  @Test("a step leaves alone values to which there are other references")
  func holders() {
    let start = Tensor([2, 2], [1, -2, 3, 0.5]), parameter = Parameter(start), other = Parameter(start)
    var optimizer = Optimizer([parameter], rule: AdamW(), clip: 1), average = MovingAverage(of: [parameter], rate: 0.5)
    let copy = optimizer, earlier = average
    for number in 1...2 {
      _ = optimizer.step(parameter().squared.sum, rate: 0.1)
      average.update(from: [parameter], step: number)
    }
    #expect(start.scalars == [1, -2, 3, 0.5] && other.value.scalars == start.scalars)
    #expect(copy.means[0].scalars == [0, 0, 0, 0] && earlier.values[0].scalars == start.scalars)
    #expect(parameter.value.scalars != start.scalars && average.values[0].scalars != start.scalars)
  }

  @Test("a gradient that is not finite moves nothing")
  func notFinite() {
    let parameter = Parameter(Tensor([1], [0]))
    var optimizer = Optimizer([parameter], rule: AdamW(), clip: 1)
    let norm = optimizer.step(parameter().logarithm.sum, rate: 0.1)
    #expect(!norm.isFinite && parameter.value.scalars == [0] && optimizer.count == 0)
  }

  @Test("an optimizer restored from its moments goes on as if it had not stopped")
  func restored() {
    func parameters() -> [Parameter] {
      [Parameter(Tensor([2, 2], [1, -2, 3, 0.5])), Parameter(Tensor([2], [1, 2]))]
    }
    func step(_ optimizer: inout Optimizer) {
      let all = optimizer.parameters
      _ = optimizer.step(all[0]().squared.sum + all[1]().squared.squared.sum, rate: 0.1)
    }
    var whole = Optimizer(parameters(), rule: AdamW(), clip: 1), first = Optimizer(parameters(), rule: AdamW(), clip: 1)
    for _ in 0..<4 { step(&whole) }
    for _ in 0..<2 { step(&first) }
    var second = Optimizer(first.parameters.map { Parameter($0.value) }, rule: AdamW(), clip: 1)
    second.restore(means: first.means, squares: first.squares, count: first.count)
    for _ in 0..<2 { step(&second) }
    #expect(second.count == 4)
    for (a, b) in zip(whole.parameters, second.parameters) { #expect(a.value.scalars == b.value.scalars) }
  }

  @Test("gradients whose squares no Float32 holds are clipped, and those that are not finite change nothing")
  func huge() {
    let start: [Float] = [1, -2]
    for (factor, expected) in [(Float(1e30), 1.41421e30), (.infinity, .infinity)] {
      let parameter = Parameter(Tensor([2], start), role: .bias)
      var optimizer = Optimizer([parameter], rule: AdamW(), clip: 1)
      let norm = optimizer.step((parameter() * Tensor(repeating: factor, shape: [2])).sum, rate: 0.1)
      #expect(expected.isFinite ? abs(norm / expected - 1) < 1e-4 : !norm.isFinite)
      let moved = zip(parameter.value.scalars, start).map { $0 - $1 }
      #expect(moved.allSatisfy { expected.isFinite ? abs($0 + 0.1) < 1e-3 : $0 == 0 }, "\(moved)")
    }
  }

  @Test("gradients are clipped by their joint norm, and never where the limit is 0")
  func clipping() {
    #expect(abs(AdamW.clipping(norm: 4, limit: 1) - 0.25) < 1e-6)
    #expect(AdamW.clipping(norm: 0.5, limit: 1) == 1 && AdamW.clipping(norm: 1e9, limit: 0) == 1)
    let parameters = [Parameter(Tensor([1], [3])), Parameter(Tensor([1], [4]))]
    var optimizer = Optimizer(parameters, rule: AdamW(), clip: 1)
    // Half the squares: gradients 3 and 4.
    let norm = optimizer.step(parameters.map { $0().squared.sum * 0.5 }.reduce(Tensor(0), +), rate: 0.1)
    #expect(abs(norm - 5) < 1e-5)
    // The first moment is a tenth of the clipped gradient.
    #expect(abs(optimizer.means[0].scalars[0] - 0.06) < 1e-5 && abs(optimizer.means[1].scalars[0] - 0.08) < 1e-5)
  }

  @Test("a step takes the weight decay that it is given in place of the rule's")
  func weightDecayOfStep() {
    let parameter = Parameter(Tensor([1, 1], [2]), role: .weight)
    var optimizer = Optimizer([parameter], rule: AdamW(weightDecay: 0.5), clip: 0)
    _ = optimizer.step(parameter().sum * 0, rate: 0.1, weightDecay: 1)
    #expect(abs(parameter.value.scalars[0] - 1.8) < 1e-6)
    _ = optimizer.step(parameter().sum * 0, rate: 0.1)
    #expect(abs(parameter.value.scalars[0] - 1.71) < 1e-6)
  }

  @Test("weight decay shrinks what decays by rate times decay, without gradient")
  func weightDecay() {
    let decaying = Parameter(Tensor([1], [2]), role: .weight), other = Parameter(Tensor([1], [2]), role: .gain)
    var optimizer = Optimizer([decaying, other], rule: AdamW(weightDecay: 0.5), clip: 0)
    _ = optimizer.step((decaying() + other()).sum * 0, rate: 0.1)
    #expect(abs(decaying.value.scalars[0] - 1.9) < 1e-6 && other.value.scalars == [2])
  }
}
