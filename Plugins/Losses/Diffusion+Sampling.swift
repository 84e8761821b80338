import Autoregression
import Networks
import Tensors

extension Diffusion {
  func evaluations(at moment: Moment) -> Int { steps.counts(at: moment).reduce(0, +) }

  /// Values of tokens by the reverse process from noise.
  ///
  /// Guidance combines predicted noise, u + s (c - u). Temperature scales the noise that each ancestral step adds.
  func sample(_ hidden: Guided, levels: Indices, at moment: Moment, _ random: inout Random) -> Draw {
    let batch = hidden.conditional.shape[0], tokens = hidden.conditional.shape[1], rows = batch * tokens
    let spaced = schedule.respaced(
      to: NoiseSchedule.steps(steps.counts(at: moment), of: schedule.count) ?? Array(0..<schedule.count))
    let levelOfRow = levels.flatMap { $0 }
    func context(_ z: Tensor) -> Tensor {
      network.contextEmbedding(z.reshaped([rows, z.shape[2]]), levels: levelOfRow)
    }
    // With guidance one batch of twice the rows: first the conditional ones, then the unconditional ones.
    let unconditional = hidden.scale == 1 ? nil : hidden.unconditional.map(context)
    let conditional = context(hidden.conditional)
    let contexts = unconditional.map { Tensor.concatenated([conditional, $0], axis: 0) } ?? conditional
    let times = network.timeEmbedding(spaced.timesteps)  // [steps, width]
    var x = random.normal([batch, tokens, tokenWidth], "initial").reshaped([rows, tokenWidth])
    for index in (0..<spaced.count).reversed() {
      let step = ReverseStep(schedule: spaced, index: index, range: clipping == .dataRange ? range.value.scalars : nil)
      switch sampler {
      case .ancestral:
        let noise = random.normal([batch, tokens, tokenWidth], "denoising").reshaped([rows, tokenWidth])
        let output = Output(network(x, contexts + times.sliced(index..<index + 1, axis: 0)), of: x, hidden.scale)
        x = step.ancestral(x, output, noise: noise, temperature: hidden.temperature)
      case .ddim:
        let output = Output(network(x, contexts + times.sliced(index..<index + 1, axis: 0)), of: x, hidden.scale)
        x = step.ddim(x, output)
      }
    }
    return Draw(.values(tokenScale.denormalize(x.reshaped([batch, tokens, tokenWidth]), levels: levels)))
  }

  /// The network's predictions for noisy tokens [n, width].
  struct Output {
    /// Noise, guided: [n, width].
    let noise: Tensor
    /// Noise and variance with the condition: [n, 2 width].
    private let conditional: Tensor

    /// Interpolation of the log-variance, in [-1, 1], with the condition: [n, width].
    var variance: Tensor { conditional.sliced(noise.shape[1]..<2 * noise.shape[1], axis: 1) }

    /// From outputs [n, 2 width], or [2 n, 2 width] with guidance, of noisy tokens x [n, width].
    init(_ all: Tensor, of x: Tensor, _ guidance: Float) {
      let n = x.shape[0], width = x.shape[1]
      conditional = all.sliced(0..<n, axis: 0)
      let c = conditional.sliced(0..<width, axis: 1)
      guard all.shape[0] > n else {
        noise = c
        return
      }
      let u = all.sliced(n..<2 * n, axis: 0).sliced(0..<width, axis: 1)
      noise = u + (c - u) * guidance
    }
  }

  /// One step of the reverse process: from x_t to x_{t-1}, [n, width] each.
  struct ReverseStep {
    let schedule: NoiseSchedule
    let index: Int
    /// Minimum, then maximum of each channel, [2 width]; nil: predictions of x_0 are not clipped.
    let range: [Float]?

    /// DDPM with a learned variance (Ho et al. 2020, algorithm 2; Nichol and Dhariwal 2021, eq. 15).
    func ancestral(_ x: Tensor, _ output: Output, noise: Tensor, temperature: Float) -> Tensor {
      let xStart = predictedXStart(x, output)
      let mean =
        xStart * Float(schedule.posteriorMeanCoef1[index]) + x * Float(schedule.posteriorMeanCoef2[index])
      guard index > 0 else { return mean }
      let fraction = output.variance * 0.5 + 0.5
      let low = Float(schedule.posteriorLogVarianceClipped[index]), span = Float(schedule.logBetas[index]) - low
      return mean + ((fraction * span + low) * 0.5).exponential * noise * temperature
    }

    /// DDIM without noise (Song et al. 2020, arXiv 2010.02502, eq. 12 with sigma 0).
    func ddim(_ x: Tensor, _ output: Output) -> Tensor {
      let xStart = predictedXStart(x, output)
      let noise =
        (x * Float(schedule.sqrtRecipAlphasCumprod[index]) - xStart)
        * Float(1 / schedule.sqrtRecipm1AlphasCumprod[index])
      let previous = schedule.alphasCumprodPrev[index]
      return xStart * Float(previous.squareRoot()) + noise * Float((1 - previous).squareRoot())
    }

    /// x_0 from x_t and the predicted noise, clipped.
    private func predictedXStart(_ x: Tensor, _ output: Output) -> Tensor {
      clipped(
        x * Float(schedule.sqrtRecipAlphasCumprod[index])
          - output.noise * Float(schedule.sqrtRecipm1AlphasCumprod[index]))
    }

    private func clipped(_ xStart: Tensor) -> Tensor {
      guard let range else { return xStart }
      let width = xStart.shape[1]
      return Tensor(unfilled: xStart.shape) { target in
        xStart.withUnsafeScalars { source in
          for i in source.indices { target[i] = min(max(source[i], range[i % width]), range[width + i % width]) }
        }
      }
    }
  }
}
