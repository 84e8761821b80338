import Autoregression
import Settings
import Tensors

/// Coarse to fine: all tokens of a scale at once, from the sum of the coarser scales
/// (VAR; Tian et al. 2024, arXiv 2404.02905).
///
/// The canvas holds one map of tokens per scale. With `residual` a map is the residual of the coarser ones,
/// averaged over the cells of its scale; with `independent` every map is the image itself at that size. Maps are
/// enlarged by bicubic interpolation, or as `resampler` says, and refined by the quantizer. The input at a position is
/// the sum of the coarser scales, averaged over its cell; positions of the first scale have none.
struct MultiScale: RegressionDirection {
  static let key = "multi-scale"
  static let about = About(
    "From coarse to fine: all tokens of a scale at once, from the sum of the coarser scales.",
    source: "Tian et al. 2024 (VAR), arXiv 2404.02905", example: "kind: residual")

  enum Kind: String, Setting, CaseIterable {
    case residual, independent
  }

  enum Weight: String, Setting, CaseIterable {
    /// Every token weighs 1 (VAR).
    case none
    /// Every scale weighs the same, whatever its number of tokens.
    case perScale = "per-scale"
  }

  let layout: Layout
  let kind: Kind
  let weight: Weight
  let resampler: Resampler
  /// The fractions of training between which scales are added one after another.
  let progressive: (from: Float, to: Float)
  let scales: [Grid]
  /// The first slot of each scale, and the number of all slots.
  let starts: [Int]

  init(_ settings: inout Settings, over grid: Grid) throws(SettingsError) {
    let top = max(grid.height, grid.width)
    let sides: [Int] = try settings[
      "scales", default: Self.sides(upTo: top),
      about: "cells along the longer side of each scale, ascending (VAR: patch_nums)"]
    kind = try settings[
      "kind", default: .residual,
      about: "what a scale encodes: the residual of the coarser scales (VAR), or the image at its size"]
    try settings.renamed("weight", to: "loss-weight")
    try settings.renamed("grow", to: "progressive")
    weight = try settings[
      "loss-weight", default: .none, about: "loss weight of a scale: every token, or every scale, weighs 1"]
    resampler = try settings[
      "resampler", default: .areaBicubic,
      about: "resizing between scales: by area and bicubically (VAR), or by their spectrum (NFIG, arXiv 2503.07076)"]
    var section = try settings.section(
      "progressive", about: "progressive training: scales are added one after another (VAR: pg)")
    let from: Float = try section[
      "from", default: 0, in: 0...1, about: "fraction of training until which only the coarsest scale is trained"]
    let to: Float = try section[
      "to", default: from, in: 0...1, about: "fraction of training from which all scales are trained"]
    progressive = (from, to)
    guard from <= to else {
      throw section.refusal("all scales are there after the first is: 'to' must be at least \(from.yaml).", at: "to")
    }
    guard sides.last == top else {
      throw settings.refusal(
        "the last scale is the grid of \(grid) itself: 'scales' must end with \(top).", at: "scales")
    }
    guard sides[0] > 0, zip(sides, sides.dropFirst()).allSatisfy({ $0 < $1 }) else {
      throw settings.refusal(
        "every scale must add detail: 'scales' must be whole numbers that ascend from 1 or more to \(top).",
        at: "scales")
    }
    func cells(_ cells: Int, _ side: Int) -> Int { max(1, (2 * cells * side + top) / (2 * top)) }
    scales = sides.map { Grid(height: cells(grid.height, $0), width: cells(grid.width, $0)) }
    guard sides.count <= Layout.slotLimit / grid.count else {
      throw settings.refusal(
        "\(sides.count) scales up to a grid of \(grid) may have more than \(Layout.slotLimit) slots; list fewer.",
        at: "scales")
    }
    starts = scales.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.count) }
    let starts = self.starts
    layout = Layout(
      grid: grid, slots: scales.enumerated().flatMap { Slot.cells(of: $1, level: $0, from: starts[$0]) },
      groups: scales.enumerated().flatMap { Array(repeating: $0, count: $1.count) }, levels: scales.count)
  }

  /// The scales of VAR for 256, 512 and 1024 pixels; those of the first, in proportion, for other grids.
  static func sides(upTo top: Int) -> [Int] {
    switch top {
    case 32: [1, 2, 3, 4, 6, 9, 13, 18, 24, 32]
    case 64: [1, 2, 3, 4, 5, 7, 9, 12, 16, 21, 27, 36, 48, 64]
    default: Set([1, 2, 3, 4, 5, 6, 8, 10, 13, 16].map { max(1, (2 * $0 * top + 16) / 32) } + [1, top]).sorted()
    }
  }

  // MARK: Turns

  func trainingTurn(batch: Int, progress: Float, _ random: inout Random) -> Turn {
    let trained = scales[..<trainedScales(at: progress)], count = starts[trained.count]
    var turn = Turn(shown: .range(starts[1]..<count))
    if trained.count < scales.count { turn.slots = .range(0..<count) }
    if weight == .perScale {
      // The mean over tokens becomes the mean over scales of the means over their tokens.
      let weights = trained.flatMap { scale in
        Array(repeating: Float(count) / Float(trained.count * scale.count), count: scale.count)
      }
      turn.weights = Tensor([batch, count], (0..<batch).flatMap { _ in weights })
    }
    return turn
  }

  /// The number of scales that are trained at a progress.
  private func trainedScales(at progress: Float) -> Int {
    if progress >= progressive.to { return scales.count }
    if progress < progressive.from { return 1 }
    return min(
      scales.count, 1 + Int((progress - progressive.from) / (progressive.to - progressive.from) * Float(scales.count)))
  }

  func turn(after past: Past, batch: Int, _ random: inout Random) -> Turn? {
    let step = past.last.map { $0.moment.step + 1 } ?? 0
    guard step < scales.count else { return nil }
    return Turn(
      Moment(step: step, steps: scales.count, progress: depth(step)), slots: .range(0..<starts[step + 1]),
      shown: .range(min(starts[1], starts[step + 1])..<starts[step + 1]),
      predicted: .range(starts[step]..<starts[step + 1]), settled: starts[step])
  }

  // MARK: From latents to maps and back

  func canvas(of latent: Tensor, by quantizer: any Quantizer) -> Tokens {
    let (batch, channels) = (latent.shape[0], latent.shape[3])
    var rest = latent, maps: [Tokens] = []
    for (level, scale) in scales.enumerated() {
      let map = quantizer.tokens(nearest: reduced(rest, to: scale).reshaped([batch, scale.count, channels]))
      maps.append(map)
      if kind == .residual { rest = rest - enlarged(map.values, level, quantizer) }
    }
    let codes = maps.compactMap(\.codes)
    return Tokens(
      values: Tensor.concatenated(maps.map(\.values), axis: 1),
      codes: codes.isEmpty ? nil : (0..<batch).map { sample in codes.flatMap { $0[sample] } })
  }

  func latent(of canvas: Tokens, through level: Int, by quantizer: any Quantizer) -> Tensor {
    if kind == .independent { return enlarged(map(level, of: canvas), level, quantizer) }
    return (1..<level + 1).reduce(enlarged(map(0, of: canvas), 0, quantizer)) {
      $0 + enlarged(map($1, of: canvas), $1, quantizer)
    }
  }

  func inputs(of canvas: Tokens, at turn: Turn, by quantizer: any Quantizer) -> Tokens {
    let extent = turn.slots.count(in: layout.slots.count), (batch, width) = (canvas.batch, canvas.values.shape[2])
    var rows = [Tensor(zeros: [batch, starts[1], width])], sum: Tensor?
    for level in scales.indices.dropFirst() where starts[level] < extent {
      let added = enlarged(map(level - 1, of: canvas), level - 1, quantizer)
      sum = kind == .residual ? sum.map { $0 + added } ?? added : added
      rows.append(reduced(sum ?? added, to: scales[level]).reshaped([batch, scales[level].count, width]))
    }
    return Tokens(values: Tensor.concatenated(rows, axis: 1))
  }

  /// 0 for the coarsest scale, 1 for the finest.
  private func depth(_ level: Int) -> Float { Float(level) / Float(max(1, scales.count - 1)) }

  /// [batch, cells of the scale, width]
  private func map(_ level: Int, of canvas: Tokens) -> Tensor {
    canvas.values.sliced(starts[level]..<starts[level + 1], axis: 1)
  }

  /// The contribution of a map to the image: [batch, cells of the scale, width] to [batch, height, width, channels].
  private func enlarged(_ map: Tensor, _ level: Int, _ quantizer: any Quantizer) -> Tensor {
    let scale = scales[level], image = map.reshaped([map.shape[0], scale.height, scale.width, map.shape[2]])
    let (height, width) = (layout.grid.height, layout.grid.width)
    let large = scale == layout.grid ? image : resampler.enlarged(image, height: height, width: width)
    return quantizer.refined(large, at: depth(level))
  }

  private func reduced(_ image: Tensor, to scale: Grid) -> Tensor {
    scale == layout.grid ? image : resampler.reduced(image, height: scale.height, width: scale.width)
  }
}

@section("overtone_parts") @used private let registration: Registration = { $0.registry.add(MultiScale.self) }
