import Networks
import Tensors
import Testing

@Suite struct ModuleTests {
  private struct Inner: Module { let weight: Parameter, note: Parameter? }
  private struct Outer: Module { let inners: [Inner], plain: (Parameter, Int), statistic: Statistic }
  private enum Choice: Module { case linear(Inner), direct(Parameter) }
  private struct Renamed: Module {
    static let checkpointNames = ["maskToken": "blank", "inner": "old"]
    let maskToken: Parameter, inner: Inner, other: Inner
  }
  private struct Plain { let parameter: Parameter }
  private struct Holder: Module { let plain: Plain, any: any Module, choice: Choice, count: [Int] }

  private func make() -> Parameter { Parameter(Tensor([1], [0])) }

  @Test("every parameter is found by its path, a shared one once")
  func paths() {
    let shared = make()
    let outer = Outer(
      inners: [Inner(weight: shared, note: nil), Inner(weight: make(), note: make())], plain: (shared, 1),
      statistic: Statistic(Tensor([1], [0])))
    #expect(outer.parameters.map(\.path) == ["inners.0.weight", "inners.1.weight", "inners.1.note"])
    #expect(outer.statistics.map(\.path) == ["statistic"])
  }

  @Test("paths use the checkpoint names of properties, of their own type only")
  func checkpointNames() {
    let inner = Inner(weight: make(), note: nil)
    let module = Renamed(maskToken: make(), inner: inner, other: Inner(weight: make(), note: nil))
    #expect(module.parameters.map(\.path) == ["blank", "old.weight", "other.weight"])
    #expect(Inner.checkpointNames.isEmpty)
  }

  @Test("parameters are found inside plain structs, existentials and enums, which add nothing to a path")
  func nesting() {
    let holder = Holder(
      plain: Plain(parameter: make()), any: Inner(weight: make(), note: nil),
      choice: .linear(Inner(weight: make(), note: make())), count: [1, 2, 3])
    #expect(
      holder.parameters.map(\.path) == ["plain.parameter", "any.weight", "choice.weight", "choice.note"])
    #expect(
      Holder(plain: Plain(parameter: make()), any: Choice.direct(make()), choice: .direct(make()), count: [])
        .parameters.map(\.path) == ["plain.parameter", "any", "choice"])
  }

  @Test("inside withoutGradients parameters record no gradients, outside they do")
  func recording() throws {
    struct Failure: Error {}
    let parameter = Parameter(Tensor([1], [1]))
    #expect(parameter().isTracked)
    #expect(!withoutGradients { parameter().isTracked })
    #expect(throws: Failure.self) { try withoutGradients { throw Failure() } }
    #expect(parameter().isTracked && !parameter.value.isTracked)
  }

  @Test("a parameter is by default a weight where two axes are longer than one, else a bias")
  func roles() {
    #expect(Parameter(Tensor(zeros: [2, 3])).role == .weight)
    #expect(Parameter(Tensor(zeros: [3])).role == .bias && Parameter(Tensor(zeros: [1, 3])).role == .bias)
    #expect(Parameter(Tensor(zeros: [3]), role: .gain).role == .gain)
  }

  @Test("a replaced parameter gives its new value, with gradients of its own")
  func replace() {
    let parameter = Parameter(Tensor([2], [1, 2])), before = parameter()
    parameter.replace(Tensor([2], [3, 4]))
    let after = parameter()
    #expect(parameter.value.scalars == [3, 4] && after.scalars == [3, 4] && before.scalars == [1, 2])
    #expect(after.squared.sum.gradients(of: [before, after]).map(\.scalars) == [[0, 0], [6, 8]])
  }

  @Test("a statistic may change its shape")
  func statistic() {
    let statistic = Statistic(Tensor([1], [0]))
    statistic.replace(Tensor([2], [1, 2]))
    #expect(statistic.value.shape == [2] && statistic.value.scalars == [1, 2])
  }
}
