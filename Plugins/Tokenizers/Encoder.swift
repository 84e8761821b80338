import Networks
import Tensors

/// The blocks at the lowest resolution, of the encoder or the decoder.
struct Middle: Module {
  let first: ResidualBlock
  let attention: SpatialAttention?
  let second: ResidualBlock?

  init(_ channels: Int, _ configuration: AutoencoderConfiguration, _ random: inout Random) {
    first = ResidualBlock(from: channels, to: channels, groups: configuration.groups, &random)
    attention = configuration.middleAttention ? SpatialAttention(channels, groups: configuration.groups, &random) : nil
    second =
      configuration.middleAttention
      ? ResidualBlock(from: channels, to: channels, groups: configuration.groups, &random) : nil
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let x = first(x), attended = attention?(x) ?? x
    return second?(attended) ?? attended
  }
}

/// The blocks of one resolution, then downsampling or upsampling.
struct Stage: Module {
  let blocks: [ResidualBlock]
  let attentions: [SpatialAttention]
  /// Stride 2 in the encoder, after doubling in the decoder; nil in the last stage that is run.
  let resize: Convolution2D?

  func callAsFunction(_ x: Tensor) -> Tensor {
    var x = x
    for (index, block) in blocks.enumerated() {
      x = block(x)
      if index < attentions.count { x = attentions[index](x) }
    }
    return x
  }
}

/// Images to features: [batch, height, width, 3] to [batch, rows, columns, outputs].
package struct Encoder: Module {
  let input: Convolution2D
  let stages: [Stage]
  let middle: Middle
  let norm: GroupNorm
  let output: Convolution2D

  init(_ configuration: AutoencoderConfiguration, outputs: Int, _ random: inout Random) {
    input = Convolution2D(from: 3, to: configuration.width, kernel: 3, &random)
    var channels = configuration.width
    stages = configuration.multipliers.indices.map { level in
      let next = configuration.channels(level)
      let blocks = (0..<configuration.blocks).map { _ in
        defer { channels = next }
        return ResidualBlock(from: channels, to: next, groups: configuration.groups, &random)
      }
      let attends = configuration.attentionLevels.contains(level)
      let attentions = attends ? blocks.map { _ in SpatialAttention(next, groups: configuration.groups, &random) } : []
      guard level < configuration.multipliers.count - 1 else {
        return Stage(blocks: blocks, attentions: attentions, resize: nil)
      }
      // Without blocks the downsampling convolution changes the number of channels.
      let reduced = configuration.blocks == 0 ? configuration.channels(level + 1) : channels
      defer { channels = reduced }
      return Stage(
        blocks: blocks, attentions: attentions,
        resize: Convolution2D(from: channels, to: reduced, kernel: 3, stride: 2, padding: .belowRight, &random))
    }
    middle = Middle(channels, configuration, &random)
    norm = GroupNorm(channels, groups: configuration.groups)
    output = Convolution2D(from: channels, to: outputs, kernel: 3, &random)
  }

  func callAsFunction(_ images: Tensor) -> Tensor {
    var x = input(images)
    for stage in stages {
      x = stage(x)
      if let resize = stage.resize { x = resize(x) }
    }
    return output(norm.withSiLU(middle(x)))
  }
}

/// A latent to images: the mirror of the encoder, upsampling by nearest neighbours and a convolution.
package struct Decoder: Module {
  let input: Convolution2D
  let middle: Middle
  /// By level, as in the encoder; run in reverse order.
  let stages: [Stage]
  let norm: GroupNorm
  let output: Convolution2D

  init(_ configuration: AutoencoderConfiguration, channels latent: Int, _ random: inout Random) {
    var channels = configuration.channels(configuration.multipliers.count - 1)
    input = Convolution2D(from: latent, to: channels, kernel: 3, &random)
    middle = Middle(channels, configuration, &random)
    stages = configuration.multipliers.indices.reversed().map { level in
      let next = configuration.channels(level)
      let blocks = (0...configuration.blocks).map { _ in
        defer { channels = next }
        return ResidualBlock(from: channels, to: next, groups: configuration.groups, &random)
      }
      let attends = configuration.decoderAttentionLevels.contains(level)
      return Stage(
        blocks: blocks,
        attentions: attends ? blocks.map { _ in SpatialAttention(next, groups: configuration.groups, &random) } : [],
        resize: level == 0 ? nil : Convolution2D(from: next, to: next, kernel: 3, &random))
    }.reversed()
    norm = GroupNorm(channels, groups: configuration.groups)
    output = Convolution2D(from: channels, to: 3, kernel: 3, &random)
  }

  func callAsFunction(_ latent: Tensor) -> Tensor { output(features(latent)) }

  /// The input of the last convolution: [batch, height, width, first level's channels].
  func features(_ latent: Tensor) -> Tensor {
    var x = middle(input(latent))
    for stage in stages.reversed() {
      x = stage(x)
      if let resize = stage.resize { x = resize(x.upsampled2x) }
    }
    return norm.withSiLU(x)
  }
}
