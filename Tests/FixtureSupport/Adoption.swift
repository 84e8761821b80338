import Networks
import Tensors

/// From the reference's names of weights to our paths, by pairs of what stands there and what stands here.
public struct Names: Sendable {
  private let pairs: [(theirs: String, ours: String)]

  public init(_ pairs: [(theirs: String, ours: String)]) { self.pairs = pairs }

  /// Our path for a name of theirs. Pairs are tried in order, each replaces every occurrence.
  public func path(_ name: String) -> String { pairs.reduce(name) { $0.replacing($1.theirs, with: $1.ours) } }

  public static let denoising = Names([
    ("diffloss.net.", "loss.network."), ("net.time_embed.mlp.0", "network.timeIn"), ("net.", "network."),
    ("time_embed.mlp.0", "timeIn"), ("time_embed.mlp.2", "timeOut"), ("index_cond_embed", "levelScalar"),
    ("cond_embed", "context"), ("input_proj", "input"), ("res_blocks", "blocks"), ("in_ln", "norm"), ("mlp.0", "first"),
    ("mlp.2", "second"), ("final_layer.adaLN_modulation.1", "lastModulation"), ("adaLN_modulation.1", "modulation"),
    ("final_layer.linear", "output"), ("lossnetwork", "loss.network"),
  ])

  public static let far = Names([
    ("fake_latent", "conditioner.nothing"), ("class_emb", "conditioner.classes"), ("mask_token", "backbone.blank"),
    ("encoder_pos_embed_learned", "backbone.encoderPositions"),
    ("decoder_pos_embed_learned", "backbone.decoderPositions"),
    ("diffusion_pos_embed_learned", "backbone.outputPositions"), ("z_proj_ln", "backbone.inputNorm"),
    ("z_proj", "backbone.input"), ("encoder_blocks", "backbone.encoderBlocks"),
    ("decoder_blocks", "backbone.decoderBlocks"),
    ("encoder_norm", "backbone.encoderNorm"), ("decoder_norm", "backbone.decoderNorm"),
    ("decoder_embed", "backbone.bridge"),
    ("attn.qkv", "attention.qkv"), ("attn.proj", "attention.output"), ("mlp.fc1", "expand"), ("mlp.fc2", "contract"),
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
