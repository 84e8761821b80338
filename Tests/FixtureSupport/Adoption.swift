import Networks
import Tensors

/// From the reference's names of weights to our paths, by pairs of what stands there and what stands here.
public struct Names: Sendable {
  private let pairs: [(theirs: String, ours: String)]

  public init(_ pairs: [(theirs: String, ours: String)]) { self.pairs = pairs }

  /// Our path for a name of theirs. Pairs are tried in order, each replaces every occurrence.
  public func path(_ name: String) -> String { pairs.reduce(name) { $0.replacing($1.theirs, with: $1.ours) } }

  public static let autoencoder = Names([
    ("post_quant_conv", "fromLatent"), ("quant_conv", "toMoments"), ("conv_in", "input"), ("conv_out", "output"),
    ("norm_out", "norm"), ("mid.block_1", "middle.first"), ("mid.block_2", "middle.second"),
    ("mid.attn_1", "middle.attention"),
    (".down.", ".stages."), (".up.", ".stages."), (".block.", ".blocks."), (".attn.", ".attentions."),
    ("downsample.conv", "resize"), ("upsample.conv", "resize"), ("nin_shortcut", "shortcut"), ("conv1", "first"),
    ("conv2", "second"), (".q.", ".queries."), (".k.", ".keys."), (".v.", ".values."), ("proj_out", "output"),
  ])
}

extension Module {
  /// Puts the reference's weights in place of ours. Gives a sentence if a name is unknown, a shape wrong, or one of ours
  /// is left over; nil when all fit.
  public func adopt(_ weights: [String: Tensor], _ names: Names) -> String? {
    let own = Dictionary(uniqueKeysWithValues: parameters.map { ($0.path, $0.parameter) })
    var left = Set(own.keys)
    for (name, value) in weights {
      let path = names.path(name)
      guard let parameter = own[path] else { return "\(name) became \(path), which is none of ours" }
      let value = inOurOrder(value, like: parameter.value.shape)
      guard value.shape == parameter.value.shape else {
        return "\(name) has shape \(value.shape), ours \(parameter.value.shape)"
      }
      parameter.replace(value)
      left.remove(path)
    }
    return left.isEmpty ? nil : "nothing was put into \(left.sorted())"
  }
}

/// Kernels [out, in, height, width] with channels last, others with axes of length 1 left out or put in.
public func inOurOrder(_ value: Tensor, like shape: [Int]) -> Tensor {
  if value.shape.count == 4, shape.count == 4 { return value.permuted([0, 2, 3, 1]) }
  return value.count == shape.product ? value.reshaped(shape) : value
}
