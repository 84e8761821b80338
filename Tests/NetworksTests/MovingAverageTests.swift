import Networks
import Tensors
import Testing

@Suite struct MovingAverageTests {
  private struct Failure: Error {}

  @Test("the rate warms up as (1 + t) / (10 + t), to at most the rate")
  func warmUp() {
    let average = MovingAverage(of: [], rate: 0.9), fixed = MovingAverage(of: [], rate: 0.9, warmsUp: false)
    #expect(average.rate(at: 1) == 2.0 / 11 && average.rate(at: 8) == 0.5)
    #expect(average.rate(at: 1000) == 0.9 && fixed.rate(at: 1) == 0.9)
  }

  @Test("an update moves averages towards the parameters by 1 - rate")
  func update() {
    let parameters = [Parameter(Tensor([2], [2, 4])), Parameter(Tensor([1], [8]))]
    var average = MovingAverage(of: parameters, rate: 0.75, warmsUp: false)
    for parameter in parameters { parameter.replace(parameter.value + 4) }
    average.update(from: parameters, step: 1)
    #expect(average.values.map(\.scalars) == [[3, 5], [9]])
    average.restore([Tensor([2], [0, 0]), Tensor([1], [0])])
    average.update(from: parameters, step: 2)
    #expect(average.values.map(\.scalars) == [[1.5, 2], [3]])
  }

  @Test("averages stand in for parameters only inside the block, even when it throws")
  func scoped() throws {
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
    #expect(average.inPlace(of: [parameter]) { parameter.value.scalars } == [3])
  }
}
