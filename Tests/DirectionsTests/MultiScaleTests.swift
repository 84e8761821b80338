import Autoregression
import AutoregressionTesting
import FixtureSupport
import Networks
import Settings
import Tensors
import Testing

func multiScale(_ settings: String = "", over grid: Grid = Grid(height: 4, width: 4)) throws -> any RegressionDirection
{
  try direction("{ use: multi-scale\(settings.isEmpty ? "" : ", \(settings)") }", over: grid)
}

@Suite("Multi-scale")
struct MultiScaleTests {
  static let grids = [(4, 4), (8, 8), (5, 3), (3, 7), (1, 5), (2, 1), (1, 1), (16, 16)].map {
    Grid(height: $0, width: $1)
  }

  @Test("keeps the laws, whatever its settings", arguments: ["residual", "independent"], ["none", "per-scale"])
  func laws(_ kind: String, _ weight: String) throws {
    for grid in Self.grids {
      for seed: UInt64 in 1...3 {
        let direction = try multiScale("kind: \(kind), loss-weight: \(weight)", over: grid)
        #expect(lawsBroken(by: direction, width: 2, batch: [1, 2, 5][Int(seed) - 1], seed: seed) == [], "\(grid)")
      }
    }
  }

  @Test("keeps the laws with any scales", arguments: ["[5]", "[1, 5]", "[2, 3, 5]", "[1, 2, 3, 4, 5]"])
  func scales(_ scales: String) throws {
    for kind in ["residual", "independent"] {
      for grid in [Grid(height: 5, width: 5), Grid(height: 2, width: 5)] {
        #expect(lawsBroken(by: try multiScale("scales: \(scales), kind: \(kind)", over: grid)) == [])
      }
    }
  }

  @Test("while it grows, training has the coarser scales alone, and keeps the laws")
  func growing() throws {
    for weight in ["none", "per-scale"] {
      let direction = try multiScale("progressive: { from: 0.25, to: 0.75 }, loss-weight: \(weight)")
      func taught(_ progress: Float) -> Int {
        var random = Random(seed: 1, samples: [0, 1])
        let turn = direction.trainingTurn(batch: 2, progress: progress, &random)
        #expect(turn.weights.map { abs($0.mean.scalars[0] - 1) < 1e-5 } ?? true)
        return turn.predicted.count(in: turn.slots.count(in: direction.layout.slots.count))
      }
      #expect([0, 0.24, 0.25, 0.4, 0.51, 0.7, 0.75, 1].map(taught) == [1, 1, 1, 5, 14, 30, 30, 30])
      #expect(lawsBroken(by: direction) == [])
    }
    #expect(throws: SettingsError.self) { try multiScale("progressive: { from: 0.5, to: 0.25 }") }
  }

  @Test("its scales are VAR's where VAR has some, and proportional elsewhere")
  func sides() throws {
    func sides(_ side: Int) throws -> [Int] {
      turns(of: try multiScale(over: Grid(height: side, width: side))).map {
        Int(Double($0.predicted.count(in: 0)).squareRoot())
      }
    }
    #expect(try sides(16) == [1, 2, 3, 4, 5, 6, 8, 10, 13, 16])
    #expect(try sides(32) == [1, 2, 3, 4, 6, 9, 13, 18, 24, 32])
    #expect(try sides(8) == [1, 2, 3, 4, 5, 7, 8])
    #expect(try sides(20).first == 1)
    #expect(try multiScale(over: Grid(height: 16, width: 16)).layout.slots.count == 680)
    // In a grid of 8 x 4 cells, scales are about half as wide as high.
    let oblong = try multiScale("scales: [1, 2, 3, 5, 8]", over: Grid(height: 8, width: 4))
    #expect(turns(of: oblong).map { $0.predicted.count(in: 0) } == [1, 2 * 1, 3 * 2, 5 * 3, 8 * 4])
  }

  @Test("with weights per scale the mean over tokens is the mean over scales")
  func weights() throws {
    let direction = try multiScale("loss-weight: per-scale")
    var random = Random(seed: 1, samples: [0, 1])
    let turn = direction.trainingTurn(batch: 2, progress: 0, &random)
    // Losses that are the number of the scale: their mean over the 4 scales is 1.5.
    let levels = direction.layout.slots.map { Float($0.level) }
    let losses = Tensor([2, levels.count], levels + levels) * (try #require(turn.weights))
    #expect(abs(losses.mean.scalars[0] - 1.5) < 1e-5)
  }

  @Test("independent scales are the image at their sizes; residual ones add up to it")
  func kinds() throws {
    var random = Random(seed: 1, samples: [0])
    let image = random.normal([1, 4, 4, 2], "image"), quantizer = Identity(width: 2)
    let independent = try multiScale("scales: [1, 2, 4], kind: independent")
    let small = image.resampled(height: 2, width: 2, .area)
    let canvas = independent.canvas(of: image, by: quantizer)
    #expect(canvas[.range(1..<5)].values.distance(to: small.reshaped([1, 4, 2])) == 0)
    #expect(
      independent.latent(of: canvas, through: 1, by: quantizer)
        .distance(to: small.resampled(height: 4, width: 4, .bicubic)) == 0)
    let residual = try multiScale("scales: [1, 2, 4]"), parts = residual.canvas(of: image, by: quantizer)
    var distances: [Float] = []
    for level in 0..<3 {
      distances.append(residual.latent(of: parts, through: level, by: quantizer).distance(to: image))
    }
    #expect(distances[2] < 1e-5 && distances[1] > 1e-2)
  }

  @Test("says what it cannot do")
  func refusals() throws {
    for (scales, sentence) in [
      ("[1, 2]", "the last scale is the grid of 4x4 itself: 'scales' must end with 4."),
      ("[]", "the last scale is the grid of 4x4 itself: 'scales' must end with 4."),
      ("[1, 3, 2, 4]", "every scale must add detail: 'scales' must be whole numbers that ascend from 1 or more to 4."),
      ("[0, 4]", "every scale must add detail: 'scales' must be whole numbers that ascend from 1 or more to 4."),
    ] {
      let error = try #require(throws: SettingsError.self) { try multiScale("scales: \(scales)") }
      #expect("\(error)".contains(sentence))
    }
  }
}

/// VAR's own numbers: codes, partial sums and inputs of its quantizer.
@Suite("Multi-scale is the released VAR")
struct MultiScaleParityTests {
  private let file: Fixture
  private let direction: any RegressionDirection
  private let latent: Tensor

  init() throws {
    file = try Fixture("var_vq")
    latent = try file.images("inputs/quant/f")
    direction = try multiScale(
      "scales: \(try file.sizes("patch_nums"))", over: Grid(height: latent.shape[1], width: latent.shape[2]))
  }

  @Test("codes, sums and what places are fed are those of the released quantizer", arguments: [false, true])
  func quantizer(_ isNormed: Bool) throws {
    let run = "outputs/quant_\(isNormed ? "znorm" : "plain")", quantizer = try Released(file, isNormed: isNormed)
    let canvas = direction.canvas(of: latent, by: quantizer), scales = try file.sizes("patch_nums").count
    let codes = try (0..<scales).map { try file.ints("\(run)/idx\($0)") }, batch = latent.shape[0]
    for sample in 0..<batch {
      let wanted = codes.flatMap { $0[sample * $0.count / batch..<(sample + 1) * $0.count / batch] }
      #expect(canvas.codes?[sample] == Array(wanted))
    }
    for level in 0..<scales {
      let sum = direction.latent(of: canvas, through: level, by: quantizer).permuted([0, 3, 1, 2])
      #expect(try file.disagreement(sum, "\(run)/fhat\(level)") == nil)
      #expect(try file.disagreement(sum, "\(run)/ar_fhat\(level)") == nil)
    }
    var random = Random(seed: 1, samples: Array(0..<batch))
    let taught = direction.trainingTurn(batch: batch, progress: 0, &random)
    let fed = direction.inputs(of: canvas, at: taught, by: quantizer).values
    #expect(try file.disagreement(fed.sliced(1..<fed.shape[1], axis: 1), "\(run)/var_input") == nil)
    for (turn, level) in zip(turns(of: direction, batch: batch), 0...).dropFirst() {
      let rows = turn.predicted.indices(in: 0, sample: 0)
      let next = direction.inputs(of: canvas, at: turn, by: quantizer).values.sliced(
        rows[0]..<rows[0] + rows.count, axis: 1)
      #expect(try file.disagreement(next.permuted([0, 2, 1]), "\(run)/ar_next\(level - 1)") == nil)
    }
  }
}

/// The released quantizer, plainly: the nearest of all codes, and one of a few convolutions over the enlarged map.
private struct Released: Quantizer {
  let space: TokenSpace
  let codebook: Tensor
  let isNormed: Bool
  /// Kernels [out, height, width, in] and what is added.
  let refinements: [(weight: Tensor, bias: Tensor)]
  let residualRatio: Float

  init(_ file: Fixture, isNormed: Bool) throws {
    codebook = try file.tensor("weights/quantize.embedding.weight")
    self.isNormed = isNormed
    space = TokenSpace(width: codebook.shape[1], vocabulary: codebook.shape[0])
    refinements = try (0..<(try file.sizes("share_quant_resi")[0])).map {
      let name = "weights/quantize.quant_resi.qresi_ls.\($0)"
      return (try file.tensor("\(name).weight").permuted([0, 2, 3, 1]), try file.tensor("\(name).bias"))
    }
    residualRatio = Float(file.number("quant_resi") ?? 0)
  }

  func tokens(nearest values: Tensor) -> Tokens {
    let book = codebook.scalars, numbers = values.scalars, width = space.width, rows = values.shape[1]
    func score(_ code: Int, _ row: Int) -> Float {
      let code = book[code * width..<(code + 1) * width], row = numbers[row * width..<(row + 1) * width]
      if isNormed {
        return zip(code, row).reduce(0) { $0 + $1.0 * $1.1 } / code.reduce(0) { $0 + $1 * $1 }.squareRoot()
      }
      return -zip(code, row).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    }
    let codes = (0..<values.shape[0]).map { sample in
      (0..<rows).map { row in
        (0..<codebook.shape[0]).map { score($0, sample * rows + row) }.enumerated().max { $0.element < $1.element }!
          .offset
      }
    }
    return tokens(coded: codes)
  }

  func tokens(coded codes: Indices) -> Tokens { Tokens(values: codebook.rows(codes), codes: codes) }

  func refined(_ map: Tensor, at depth: Float) -> Tensor {
    let count = refinements.count, edge = 1 / Float(count == 4 ? 3 * count : 2 * count)
    let ticks = (0..<count).map { edge + (1 - 2 * edge) * Float($0) / Float(max(1, count - 1)) }
    let index = ticks.indices.min { abs(ticks[$0] - depth) < abs(ticks[$1] - depth) } ?? 0
    return map * (1 - residualRatio)
      + map.convolved(
        refinements[index].weight, refinements[index].bias, padding: .all(refinements[index].weight.shape[1] / 2))
      * residualRatio
  }
}
