import Networks
import Tensors

/// The deepest part of either half.
struct Middle: Module {
  let first: ResidualBlock
  let attention: SpatialAttention?
  let second: ResidualBlock?

  init(_ channels: Int, _ plan: ConvolutionPlan, _ random: inout Random) {
    first = ResidualBlock(from: channels, to: channels, groups: plan.groups, &random)
    attention = plan.middleAttention ? SpatialAttention(channels, groups: plan.groups, &random) : nil
    second = plan.middleAttention ? ResidualBlock(from: channels, to: channels, groups: plan.groups, &random) : nil
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let x = first(x), seen = attention?(x) ?? x
    return second?(seen) ?? seen
  }
}

/// Blocks of one resolution, then half or double the size.
struct Stage: Module {
  let blocks: [ResidualBlock]
  let attentions: [SpatialAttention]
  /// Halves (stride 2) in the encoder, follows the doubling in the decoder; nil at the end.
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

/// Images to moments: [batch, height, width, 3] to [batch, rows, columns, outputs].
struct Encoder: Module {
  let input: Convolution2D
  let stages: [Stage]
  let middle: Middle
  let norm: GroupNorm
  let output: Convolution2D

  init(_ plan: ConvolutionPlan, outputs: Int, _ random: inout Random) {
    input = Convolution2D(from: 3, to: plan.width, kernel: 3, &random)
    var channels = plan.width
    stages = plan.multipliers.indices.map { level in
      let next = plan.channels(level)
      let blocks = (0..<plan.blocks).map { _ in
        defer { channels = next }
        return ResidualBlock(from: channels, to: next, groups: plan.groups, &random)
      }
      let attends = plan.attentionLevels.contains(level)
      let attentions = attends ? blocks.map { _ in SpatialAttention(next, groups: plan.groups, &random) } : []
      guard level < plan.multipliers.count - 1 else {
        return Stage(blocks: blocks, attentions: attentions, resize: nil)
      }
      // Without blocks nobody else widens the image.
      let reduced = plan.blocks == 0 ? plan.channels(level + 1) : channels
      defer { channels = reduced }
      return Stage(
        blocks: blocks, attentions: attentions,
        resize: Convolution2D(from: channels, to: reduced, kernel: 3, stride: 2, padding: .belowRight, &random))
    }
    middle = Middle(channels, plan, &random)
    norm = GroupNorm(channels, groups: plan.groups)
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

/// A latent to images: the encoder's mirror, doubling by repetition and a convolution.
struct Decoder: Module {
  let input: Convolution2D
  let middle: Middle
  /// By level, as in the encoder; run from the last to the first.
  let stages: [Stage]
  let norm: GroupNorm
  let output: Convolution2D

  init(_ plan: ConvolutionPlan, channels latent: Int, _ random: inout Random) {
    var channels = plan.channels(plan.multipliers.count - 1)
    input = Convolution2D(from: latent, to: channels, kernel: 3, &random)
    middle = Middle(channels, plan, &random)
    stages = plan.multipliers.indices.reversed().map { level in
      let next = plan.channels(level)
      let blocks = (0...plan.blocks).map { _ in
        defer { channels = next }
        return ResidualBlock(from: channels, to: next, groups: plan.groups, &random)
      }
      let attends = plan.decoderAttentionLevels.contains(level)
      return Stage(
        blocks: blocks,
        attentions: attends ? blocks.map { _ in SpatialAttention(next, groups: plan.groups, &random) } : [],
        resize: level == 0 ? nil : Convolution2D(from: next, to: next, kernel: 3, &random))
    }.reversed()
    norm = GroupNorm(channels, groups: plan.groups)
    output = Convolution2D(from: channels, to: 3, kernel: 3, &random)
  }

  func callAsFunction(_ latent: Tensor) -> Tensor { output(features(latent)) }

  /// What the last convolution makes an image of: [batch, height, width, width of the plan].
  func features(_ latent: Tensor) -> Tensor {
    var x = middle(input(latent))
    for stage in stages.reversed() {
      x = stage(x)
      if let resize = stage.resize { x = resize(x.doubled) }
    }
    return norm.withSiLU(x)
  }
}
