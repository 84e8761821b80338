import Networks
import Settings
import Tensors

/// What a map of tokens passes through before it is added to the latent: convolutions blended with the map as it was,
/// chosen by how deep the map lies (the phi of VAR; Tian et al. 2024, arXiv 2404.02905, section 3.2 of the code).
package struct Refinements: Module {
  package enum Sharing: String, Setting, CaseIterable { case none, shared, partial, separate }

  package let phi: [Convolution2D]
  let blend: Float
  /// How many levels the direction has.
  let levels: Int

  init(_ settings: inout Settings, width: Int, levels: Int, _ random: inout Random) throws(SettingsError) {
    let sharing: Sharing = try settings[
      "phi", default: .partial, about: "convolutions that maps of tokens pass: none, one, some, or one per level"]
    let some: Int = try settings["phi-count", default: 4, in: 1...64, about: "how many 'phi: partial' has"]
    blend = try settings["phi-blend", default: 0.5, in: 0...1, about: "share of the convolution in what a map becomes"]
    let count =
      switch sharing {
      case .none: 0
      case .shared: 1
      case .partial: some
      case .separate: levels
      }
    self.levels = levels
    phi = (0..<count).map { _ in Convolution2D(from: width, to: width, kernel: 3, &random) }
  }

  /// Which of `count` convolutions a depth of 0 (coarsest) ... 1 (finest) passes: the nearest of as many ticks.
  ///
  /// Ticks lie evenly from a to 1 - a with a = 1 / (3 count) for four of them and 1 / (2 count) else, as released. Depths
  /// are compared in double precision, since some lie in the middle of two ticks and rounding decides.
  package static func number(at depth: Double, of count: Int) -> Int {
    let first = count == 4 ? 1.0 / 3 / Double(count) : 1.0 / 2 / Double(count), last = 1 - first
    let step = (last - first) / Double(max(1, count - 1))
    let gaps = (0..<count).map { index in
      abs((index == count - 1 && count > 1 ? last : Double(index) * step + first) - depth)
    }
    return gaps.indices.min { gaps[$0] < gaps[$1] } ?? 0
  }

  /// The depth of a level, from the single precision in which it is told.
  package static func exact(_ depth: Float, levels: Int) -> Double {
    levels > 1 ? (Double(depth) * Double(levels - 1)).rounded() / Double(levels - 1) : 0
  }

  var refine: @Sendable (_ map: Tensor, _ depth: Float) -> Tensor {
    let kernels = phi.map { ($0.weight(), $0.bias()) }
    return { [blend, levels] map, depth in
      guard !kernels.isEmpty else { return map }
      let number = Self.number(at: Self.exact(depth, levels: levels), of: kernels.count)
      return map * (1 - blend) + map.convolved(kernels[number].0, kernels[number].1, padding: .all(1)) * blend
    }
  }
}
