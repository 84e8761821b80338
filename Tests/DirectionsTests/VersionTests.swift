import Autoregression
import Tensors
import Testing

@Suite struct VersionTests {
  private let quantizer = Identity(width: 3)

  private func latent() -> Tensor {
    var random = Random(seed: 5, samples: [0, 1])
    return random.normal([2, 4, 4, 3], "latent")
  }

  @Test("what a level shows of a latent is what a model is shown at that level")
  func shown() throws {
    let direction = try frequency("levels: [0, 1, 2, 3]"), latent = latent()
    let canvas = direction.canvas(of: latent, by: quantizer)
    for turn in turns(of: direction, batch: 2) {
      let version = try #require(direction.version(of: latent, at: turn.levels?[0] ?? 0, by: quantizer))
      let fed = direction.inputs(of: canvas, at: turn, by: quantizer).values
      #expect(version.reshaped(fed.shape).distance(to: fed) == 0)
    }
  }

  @Test("the last level of a pyramid shows all that its tokens say, and the first one less")
  func pyramid() throws {
    for yaml in [
      "{ use: multi-scale, scales: [1, 2, 4] }",
      "{ use: frequency, target: band, loss-weight: none, levels: [0, 1, 2] }",
    ] {
      let direction = try direction(yaml), latent = latent()
      let last = try #require(direction.version(of: latent, at: direction.layout.levels - 1, by: quantizer))
      let whole = direction.latent(of: direction.canvas(of: latent, by: quantizer), by: quantizer)
      #expect(last.distance(to: whole) == 0)
      let first = try #require(direction.version(of: latent, at: 0, by: quantizer))
      #expect((first - latent).squared.sum.scalar > (last - latent).squared.sum.scalar)
    }
  }

  @Test("directions of one level have nothing to show of it")
  func flat() throws {
    for yaml in ["use: raster", "{ use: masked, steps: 4 }"] {
      #expect(try direction(yaml).version(of: latent(), at: 0, by: quantizer) == nil)
    }
  }
}
