import Autoregression
import Networks
import Settings
import Tensors
import Testing

/// A small model with parts that a file would name, over 4 x 3 cells of 3 channels. Its tokens have codes if the
/// loss needs them.
private func model(_ direction: String, _ backbone: String, _ loss: String) throws -> Model {
  let registry = Registry.linked(), grid = Grid(height: 4, width: 3)
  let quantizer: any Quantizer = loss.contains("cross-entropy") ? Nearest() : Identity(width: 3)
  let space = quantizer.space
  var random = Random(seed: 2)
  var settings = try Settings(parsing: "{ \(direction) }", file: "direction")
  let direction = try registry.find("direction", &settings, as: (any RegressionDirection.Type).self)
    .init(&settings, over: grid)
  try settings.finish()
  settings = try Settings(parsing: "{ use: class-prefix, count: 2 }", file: "conditioner")
  let conditioner = try registry.find("conditioner", &settings, as: (any Conditioner.Type).self)
    .init(&settings, classes: 3, width: 16, &random)
  settings = try Settings(parsing: "{ use: \(backbone), width: 16, heads: 2, depth: 2 }", file: "backbone")
  let backbone = try registry.find("backbone", &settings, as: (any Backbone.Type).self).init(
    &settings,
    for: BackboneShape(
      layout: direction.layout, space: space, prefixCount: conditioner.prefixCount, hasVector: conditioner.givesVector),
    &random)
  settings = try Settings(parsing: "{ \(loss) }", file: "loss")
  let loss = try registry.find("loss", &settings, as: (any TokenLoss.Type).self)
    .init(&settings, of: space, from: 16, levels: direction.layout.levels, &random)
  let model = Model(
    quantizer: quantizer, direction: direction, conditioner: conditioner, backbone: backbone, loss: loss)
  // Some layers begin at zero, and would hide what goes on before them.
  for (_, parameter) in model.parameters {
    let shape = parameter.value.shape
    parameter.replace(random.normal([1] + shape, "weights").reshaped(shape) * 0.1)
  }
  return model
}

/// The nearest of sixteen codes that are drawn once.
private struct Nearest: Quantizer {
  let space = TokenSpace(width: 3, vocabulary: 16)
  let codebook: Tensor

  init() {
    var random = Random(seed: 7, samples: Array(0..<16))
    codebook = random.normal([16, 3], "codebook")
  }

  func tokens(nearest values: Tensor) -> Tokens {
    let book = codebook.scalars, numbers = values.scalars, rows = values.shape[1]
    func distance(_ code: Int, _ row: Int) -> Float {
      (0..<3).reduce(0) {
        $0 + (book[code * 3 + $1] - numbers[row * 3 + $1]) * (book[code * 3 + $1] - numbers[row * 3 + $1])
      }
    }
    return tokens(
      coded: (0..<values.shape[0]).map { sample in
        (0..<rows).map { row in
          (0..<16).min { distance($0, sample * rows + row) < distance($1, sample * rows + row) } ?? 0
        }
      })
  }

  func tokens(coded codes: Indices) -> Tokens { Tokens(values: codebook.rows(codes), codes: codes) }
}

private let continuous = "use: diffusion, width: 16, depth: 1, steps: 4, clip-denoised: none"
private let coded = "use: cross-entropy"

@Suite("Every direction in a model")
struct GenerationTests {
  static let directions =
    [
      ("use: raster", "decoder"), ("use: raster, order: random", "decoder"),
      ("use: raster, order: z-curve, anneal: { to: 1 }", "decoder"), ("use: multi-scale, scales: [1, 2, 4]", "decoder"),
      ("use: multi-scale, kind: independent, loss-weight: per-scale", "decoder"),
      ("use: masked, steps: 5", "decoder"), ("use: masked, steps: 5", "encoder-decoder"),
      ("use: masked, steps: all, loss-on: all, order: halton", "encoder-decoder"),
      ("use: frequency", "encoder-decoder"), ("use: frequency, target: band", "decoder"),
      ("use: frequency, target: next-level", "encoder-decoder"), ("use: frequency, context: all", "decoder"),
      ("use: frequency, context: all, target: band, order: high-to-low", "decoder"),
    ].flatMap { [($0, $1, continuous), ($0, $1, coded)] } + [
      ("use: masked, reveal: confident, steps: 4, mask-ratio: schedule", "encoder-decoder", coded)
    ]

  @Test("has a training loss in which every parameter takes part", arguments: directions)
  func training(_ direction: String, _ backbone: String, _ loss: String) throws {
    let model = try model(direction, backbone, loss), parameters = model.parameters
    var unmoved = Set(parameters.map(\.path))
    // Turns differ: one may hide everything, or drop the class of every image.
    for step in 0..<12 {
      var random = Random(seed: 3, step: step, samples: [0, 1, 2, 3])
      let latent = random.normal([4, 4, 3, 3], "latent")
      let losses = model.trainingLoss(latent, [0, 1, 2, 0], progress: 0.5, &random)
      #expect(losses.shape[0] == 4 && losses.scalars.allSatisfy(\.isFinite))
      let gradients = losses.mean.gradients(of: parameters.map { $0.parameter() })
      for (gradient, parameter) in zip(gradients, parameters) where gradient.scalars.contains(where: { $0 != 0 }) {
        unmoved.remove(parameter.path)
      }
    }
    // Where everything is shown, the mask token takes no part.
    #expect(unmoved.isSubset(of: direction.contains("frequency") ? ["backbone.blank"] : []))
  }

  @Test("with a cache, generates what it does without", arguments: directions)
  func cached(_ direction: String, _ backbone: String, _ loss: String) throws {
    let model = try model(direction, backbone, loss), guidance = Guidance(scale: Schedule(.linear, from: 1, to: 3))
    func generate(cached: Bool, _ pins: Pins?) -> Tensor {
      var random = Random(seed: 3, samples: [5, 9])
      return model.generate([1, 2], guidance, around: pins, cached: cached, &random, watch: { _ in })
    }
    var random = Random(seed: 4, samples: [0, 1])
    let pins = model.pins(of: random.normal([2, 4, 3, 3], "given")) { $0.column < 0.5 }
    for pins in [nil, pins] {
      let with = generate(cached: true, pins), without = generate(cached: false, pins)
      let largest = without.scalars.map(abs).max() ?? 0
      #expect(largest.isFinite && with.distance(to: without) <= 1e-4 * largest)
    }
  }

  @Test("leaves what is pinned as it is, and generates the rest to fit", arguments: directions)
  func pinned(_ direction: String, _ backbone: String, _ loss: String) throws {
    let model = try model(direction, backbone, loss), layout = model.direction.layout
    var random = Random(seed: 4, samples: [0, 1])
    let image = random.normal([2, 4, 3, 3], "given"), pins = model.pins(of: image) { $0.row < 0.6 }
    let (given, slots) = (pins.canvas, pins.slots)
    let rows = Selection.perSample([slots, slots]),
      rest = Selection.perSample(
        Array(repeating: Array(Set(layout.slots.indices).subtracting(slots)).sorted(), count: 2))
    /// The canvas at the end.
    func generate(_ pins: Pins?) -> Tokens {
      var random = Random(seed: 3, samples: [5, 9]), last = Tokens.zeros(2, layout.slots.count, model.quantizer.space)
      _ = model.generate([1, 2], Guidance(), around: pins, &random) { last = $0.canvas }
      return last
    }
    let around = generate(pins), free = generate(nil)
    #expect(around[rows].values.distance(to: given[rows].values) == 0)
    #expect(free[rows].values.distance(to: given[rows].values) > 0.1)
    // Other pins, another rest: what is given is seen. In a model so small that seldom changes a code.
    guard loss == continuous else { return }
    let other = model.pins(of: image * -1) { $0.row < 0.6 }
    #expect(generate(other)[rest].values.distance(to: around[rest].values) > 1e-6)
  }

  @Test("generates the same images in any batch", arguments: directions)
  func batches(_ direction: String, _ backbone: String, _ loss: String) throws {
    let model = try model(direction, backbone, loss)
    func generate(_ samples: [Int]) -> Tensor {
      var random = Random(seed: 3, samples: samples)
      return model.generate(samples.map { $0 % 3 }, Guidance(), &random, watch: { _ in })
    }
    let together = generate([0, 1, 2, 3])
    for sample in 0..<4 {
      let largest = together.scalars.map(abs).max() ?? 0
      #expect(generate([sample]).distance(to: together.sliced(sample..<sample + 1, axis: 0)) <= 1e-4 * largest)
    }
  }
}
