import Autoregression
import Laboratory
import ProgramSupport
import Tensors
import Testing

import Reports

@Suite(.serialized) struct FigureContextTests {
  private let context: FigureContext

  init() throws { context = try FigureContext(folder: TrainedRuns.continuousRun) }

  @Test("real images are at most 64 of the data set, with their latents, and any prefix shows several classes")
  func real() {
    #expect(context.real.images.shape == [32, 32, 32, 3])
    #expect(context.latents.shape == [32, 4, 4, 4])
    #expect(Set(context.real.labels.prefix(4)).count == 4)
    #expect(context.name.hasPrefix("backbone.depth=2,backbone.width=32,"))
  }

  @Test("images are generated once, classes in turn, and decode from their latents")
  func generated() {
    let generated = context.generated
    #expect(generated.labels == (0..<32).map { $0 % 4 })
    #expect(generated.images.shape == [32, 32, 32, 3] && generated.latents.shape == [32, 4, 4, 4])
    #expect(context.decoded(generated.latents).scalars == generated.images.scalars)
    #expect(context.generated.images.scalars == generated.images.scalars)
  }

  @Test("turns of a generation pass through the levels from coarse to fine, each listed once")
  func levels() {
    #expect(context.levels == context.levels.sorted() && Set(context.levels).count == context.levels.count)
    #expect(context.turns().map { context.level(of: $0) }.last == context.levels.last)
    #expect(context.turns().count == context.turns(seed: 99).count)
    #expect(context.grid(of: 0) == context.layout.grid)
  }

  @Test("false colours map the channel mean to mid grey and two deviations to the ends of a byte")
  func falseColours() {
    let channels = 4, values = context.latents.scalars, n = Float(values.count / channels)
    let columns: [[Float]] = (0..<channels).map { c in
      stride(from: c, to: values.count, by: channels).map { values[$0] }
    }
    let means: [Float] = columns.map { $0.reduce(0, +) / n }
    let deviations: [Float] = zip(columns, means).map { column, mean in
      let squares: Float = column.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      return (squares / n).squareRoot()
    }
    func image(_ z: Float) -> [UInt8] {
      let row = (0..<channels).map { means[$0] + z * deviations[$0] }
      return context.falseColours(Tensor([1, 1, 1, channels], row), at: 0).pixels
    }
    for byte in image(0) { #expect((126...128).contains(byte)) }
    for byte in image(2.1) { #expect(byte == 255) }
    for byte in image(-2.1) { #expect(byte == 0) }
  }

  @Test("subsampled indices ascend from the first to the last and are no more than the given count")
  func subsampled() {
    #expect(FigureContext.subsampled(3, to: 8) == [0, 1, 2])
    for (total, count) in [(10, 4), (100, 16), (17, 16), (5, 2)] {
      let indices = FigureContext.subsampled(total, to: count)
      #expect(indices.first == 0 && indices.last == total - 1 && indices.count <= count)
      #expect(zip(indices, indices.dropFirst()).allSatisfy { $0 < $1 })
    }
  }

  @Test("the first samples of a batch are its prefix")
  func first() {
    let batch = Tensor([3, 2], [1, 2, 3, 4, 5, 6])
    #expect(FigureContext.first(batch, 2).scalars == [1, 2, 3, 4])
    #expect(FigureContext.first(batch, 9).shape == [3, 2])
  }

  @Test("a folder without a run is refused with what would work")
  func missing() {
    let scratch = Scratch()
    #expect {
      _ = try FigureContext(folder: scratch.path)
    } throws: {
      "\($0)"
        == "\(scratch.path): this is not the folder of a run, it has no experiment.yaml; name one such as "
        + "Results/quickstart/1."
    }
  }
}
