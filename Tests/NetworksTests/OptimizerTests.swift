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
          update.apply(&p[i][k], &m[i][k], &v[i][k], gradients[i][k] * scale)
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
      for i in p.indices { step.apply(&p[i], &m[i], &v[i], 2 * p[i]) }
    }
    for (ours, expected) in zip(parameter.value.scalars, p) { #expect(abs(Double(ours) - expected) < 1e-5) }
  }

  @Test("a step leaves alone the numbers that somebody else holds")
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

  @Test("averages stand in for parameters only inside the block, whatever happens there")
  func scoped() {
    struct Failure: Error {}
    let parameter = Parameter(Tensor([1], [2]))
    var average = MovingAverage(of: [parameter], rate: 0.5, warmsUp: false)
    parameter.replace(Tensor([1], [4]))
    average.update(from: [parameter], step: 1)
    #expect(throws: Failure.self) {
      try average.inPlace(of: [parameter]) {
        #expect(parameter.value.scalars == [3])
        throw Failure()
      }
    }
    #expect(parameter.value.scalars == [4])
  }
}

@Suite struct ModuleTests {
  private struct Inner: Module { let weight: Parameter, note: Parameter? }
  private struct Outer: Module { let inners: [Inner], plain: (Parameter, Int), statistic: Statistic }

  @Test("every parameter is found by its path, once")
  func paths() {
    func make() -> Parameter { Parameter(Tensor([1], [0])) }
    let shared = make()
    let outer = Outer(
      inners: [Inner(weight: shared, note: nil), Inner(weight: make(), note: make())], plain: (shared, 1),
      statistic: Statistic(Tensor([1], [0])))
    #expect(outer.parameters.map(\.path) == ["inners.0.weight", "inners.1.weight", "inners.1.note"])
    #expect(outer.statistics.map(\.path) == ["statistic"])
  }

  @Test("inside withoutGradients parameters have no way back")
  func recording() {
    let parameter = Parameter(Tensor([1], [1]))
    #expect(parameter().isTracked)
    #expect(!withoutGradients { parameter().isTracked })
  }
}
