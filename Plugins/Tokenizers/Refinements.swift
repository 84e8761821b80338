import Networks
import Settings
import Tensors

/// The convolutions that token maps pass before they are added to the latent, blended with the identity and chosen by
/// the depth of the map (phi of VAR; Tian et al. 2024, arXiv 2404.02905, `quant_resi` in the code).
package struct Refinements: Module {
  /// The number of convolutions: none, one for all levels, one for several levels, or one for each.
  package enum Sharing: String, Setting, CaseIterable {
    /// The identity.
    case none
    /// One convolution for all levels.
    case shared
    /// Several convolutions, each for neighbouring levels.
    case partial
    /// A convolution for each level.
    case separate
  }

  /// 3x3 convolutions, coarse to fine.
  package let phi: [Convolution2D]
  /// Weight of the convolution against the identity, in [0, 1].
  let blend: Float
  /// Levels of the direction.
  let levels: Int

  init(_ settings: inout Settings, width: Int, levels: Int, _ random: inout Random) throws(SettingsError) {
    let sharing: Sharing = try settings[
      "phi", default: .partial,
      about: "convolutions after upsampling (VAR's phi): none, one for all levels, 'phi-count', or one per level"]
    let partialCount: Int = try settings[
      "phi-count", default: 4, in: 1...64, about: "convolutions of 'phi: partial' (VAR: share_quant_resi)"]
    blend = try settings[
      "phi-blend", default: 0.5, in: 0...1, about: "weight of the convolution against the identity (VAR: quant_resi)"]
    let count =
      switch sharing {
      case .none: 0
      case .shared: 1
      case .partial: partialCount
      case .separate: levels
      }
    self.levels = levels
    phi = (0..<count).map { _ in Convolution2D(from: width, to: width, kernel: 3, &random) }
  }

  /// The index of the convolution, of `count`, for a depth of 0 (coarsest) to 1 (finest): the nearest of the ticks.
  ///
  /// Ticks lie evenly from a to 1 - a with a = 1 / (3 count) for four of them and 1 / (2 count) else, as released.
  /// Depths are compared in double precision, since some lie in the middle of two ticks and rounding decides.
  package static func index(at depth: Double, of count: Int) -> Int {
    let first = count == 4 ? 1.0 / 3 / Double(count) : 1.0 / 2 / Double(count), last = 1 - first
    let step = (last - first) / Double(max(1, count - 1))
    let distances = (0..<count).map { index in
      abs((index == count - 1 && count > 1 ? last : Double(index) * step + first) - depth)
    }
    return distances.indices.min { distances[$0] < distances[$1] } ?? 0
  }

  /// The depth of a level in double precision, from single precision.
  package static func exact(_ depth: Float, levels: Int) -> Double {
    levels > 1 ? (Double(depth) * Double(levels - 1)).rounded() / Double(levels - 1) : 0
  }

  /// The refinement with the parameters as they are now.
  var refine: @Sendable (_ map: Tensor, _ depth: Float) -> Tensor {
    let kernels = phi.map { (weight: $0.weight(), bias: $0.bias()) }
    return { [blend, levels] map, depth in
      guard !kernels.isEmpty else { return map }
      let index = Self.index(at: Self.exact(depth, levels: levels), of: kernels.count)
      return map * (1 - blend) + map.convolved(kernels[index].weight, kernels[index].bias, padding: .all(1)) * blend
    }
  }
}
