import Autoregression
import Settings
import Tensors
import Testing

@Suite struct ParallelTurnsTests {
  @Test("several tokens a turn are generated with a cache as without one, guided too")
  func cached() throws {
    let model = try Assembled(
      Codebook(8, width: 3), over: Grid(height: 4, width: 4), classes: 2, direction: "{ use: parallel-raster }",
      conditioner: "{ use: class-prefix, count: 1 }", backbone: "{ use: decoder, width: 16, depth: 2, heads: 2 }",
      loss: "{ use: cross-entropy }"
    ).model
    for scale: Float in [1, 2] {
      let images = try [true, false].map { cached in
        var random = Random(seed: 3, samples: [0, 1])
        return try model.generate([0, 1], Guidance(scale: .constant(scale)), cached: cached, &random)
      }
      #expect(images[0].distance(to: images[1]) == 0)
    }
  }
}
