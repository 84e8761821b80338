extension Tensor {
  /// Normalizes each group of channels of each sample to mean 0 and variance 1, then scales by `weight` and shifts by
  /// `bias` (Wu and He 2018, arXiv 1803.08494), then, with `appliesSiLU`, multiplies by the sigmoid of the result.
  ///
  /// self and result [batch, ..., channels]; weight and bias [channels]. Of the forward pass only mean and rstd are
  /// kept.
  public func groupNorm(
    groupCount: Int, _ weight: Tensor, _ bias: Tensor, epsilon: Float, appliesSiLU: Bool = false
  ) -> Tensor {
    let channels = shape.last ?? 1, batch = shape[0], positions = count / Swift.max(1, batch * channels)
    precondition(
      groupCount > 0 && channels % groupCount == 0, "\(channels) channels do not divide into \(groupCount) groups")
    let norm = GroupNorm(
      channels: channels, groupCount: groupCount, positions: positions, weight: weight.detached, bias: bias.detached,
      appliesSiLU: appliesSiLU)
    let source = UnsafePointer(buffer.pointer), size = positions * channels
    // [batch, 2, channels]: mean and rstd of the group of each channel.
    let statistics = Buffer(count: 2 * batch * channels)
    let value = Tensor(unfilled: shape) { target in
      let target = target.baseAddress!
      parallel(batch, cost: size) { range in
        let affine = Buffer(count: 2 * channels)
        for sample in range {
          let x = source + sample * size, statistics = statistics.pointer + 2 * sample * channels
          norm.computeStatistics(x, statistics, epsilon: epsilon)
          norm.forward(x, statistics, affine: affine.pointer, into: target + sample * size)
        }
      }
    }
    return value.recorded(inputs: [self, weight, bias]) { [self = detached] g in
      // [batch, 2, channels]: the gradients of weight and bias from each sample.
      let sums = Tensor(unfilled: [batch, 2 * channels]) { $0.update(repeating: 0) }
      let dinp = Tensor(unfilled: self.shape) { target in
        let target = target.baseAddress!
        parallel(batch, cost: 2 * size) { range in
          let scratch = Buffer(count: 2 * channels)
          for sample in range {
            norm.backward(
              UnsafePointer(self.buffer.pointer + sample * size), UnsafePointer(g.buffer.pointer + sample * size),
              statistics: statistics.pointer + 2 * sample * channels,
              parameterGradients: sums.buffer.pointer + 2 * sample * channels, scratch: scratch.pointer,
              into: target + sample * size)
          }
        }
      }
      let sum = sums.columnSums(width: 2 * channels)
      return [dinp, sum.sliced(0..<channels, axis: 0), sum.sliced(channels..<2 * channels, axis: 0)]
    }
  }
}

/// The group norm of one sample [positions, channels].
private struct GroupNorm: Sendable {
  let channels: Int, groupCount: Int, positions: Int
  /// [channels]
  let weight: Tensor, bias: Tensor
  let appliesSiLU: Bool

  private var channelsPerGroup: Int { channels / groupCount }

  /// Computes mean and rstd [2, channels] in two passes: for each channel those of its group.
  func computeStatistics(_ x: UnsafePointer<Float>, _ statistics: UnsafeMutablePointer<Float>, epsilon: Float) {
    let mean = statistics, rstd = statistics + channels
    forEachVector { c in
      var sum = Vector16(repeating: 0)
      for position in 0..<positions { sum += (x + position &* channels).vector(c, of: channels) }
      mean.store(sum, c, of: channels)
    }
    averageOverGroups(mean) { $0 }
    forEachVector { c in
      let mean = mean.vector(c, of: channels)
      var sum = Vector16(repeating: 0)
      for position in 0..<positions {
        let deviation = (x + position &* channels).vector(c, of: channels) - mean
        sum = multiplyAdd(deviation, deviation, sum)
      }
      rstd.store(sum, c, of: channels)
    }
    averageOverGroups(rstd) { 1 / ($0 + epsilon).squareRoot() }
  }

  /// Replaces the sum of each channel by a function of the mean over its group.
  @inline(__always)
  private func averageOverGroups(_ sums: UnsafeMutablePointer<Float>, _ transform: (Float) -> Float) {
    for group in 0..<groupCount {
      let range = group * channelsPerGroup..<(group + 1) * channelsPerGroup
      var sum: Float = 0
      for c in range { sum += sums[c] }
      let value = transform(sum / Float(channelsPerGroup * positions))
      for c in range { sums[c] = value }
    }
  }

  /// y = (x - mean) * rstd * weight + bias as one multiplication and addition, then the activation.
  ///
  /// `affine` has room for the factor rstd * weight and the offset bias - mean * factor of each channel: [2, channels].
  func forward(
    _ x: UnsafePointer<Float>, _ statistics: UnsafePointer<Float>, affine: UnsafeMutablePointer<Float>,
    into target: UnsafeMutablePointer<Float>
  ) {
    let mean = statistics, rstd = statistics + channels, factor = affine, offset = affine + channels
    let w = weight.buffer.pointer, b = bias.buffer.pointer
    for c in 0..<channels {
      factor[c] = rstd[c] * w[c]
      offset[c] = b[c] - mean[c] * factor[c]
    }
    forEachVector { c in
      let f = factor.vector(c, of: channels), o = offset.vector(c, of: channels)
      for position in 0..<positions {
        let row = position &* channels
        let y = multiplyAdd((x + row).vector(c, of: channels), f, o)
        (target + row).store(appliesSiLU ? y * sigmoid(y) : y, c, of: channels)
      }
    }
  }

  /// The gradient of the input, and those of weight and bias in `parameterGradients` [2, channels].
  ///
  /// With n = (x - mean) * rstd, y = n * weight + bias and z = SiLU(y):
  ///   dy = dz * sigmoid(y) * (1 + y * (1 - sigmoid(y))), dweight = sum(dy * n), dbias = sum(dy), dn = dy * weight,
  ///   dx = rstd * (dn - mean(dn) - n * mean(dn * n)), the means over a group.
  /// `scratch` has room for [2, channels]; `target` holds dy between the two passes.
  func backward(
    _ x: UnsafePointer<Float>, _ dout: UnsafePointer<Float>, statistics: UnsafePointer<Float>,
    parameterGradients: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>,
    into target: UnsafeMutablePointer<Float>
  ) {
    // First pass: dy, the gradients of weight and bias, and the sums over positions.
    let mean = statistics, rstd = statistics + channels, dnormMean = scratch, dnormNormMean = scratch + channels
    let weight = weight.buffer.pointer, bias = bias.buffer.pointer
    forEachVector { c in
      let mean = mean.vector(c, of: channels), rstd = rstd.vector(c, of: channels)
      let w = weight.vector(c, of: channels), b = bias.vector(c, of: channels)
      var dbias = Vector16(repeating: 0), dweight = dbias
      for position in 0..<positions {
        let row = position &* channels, norm = ((x + row).vector(c, of: channels) - mean) * rstd
        var dval = (dout + row).vector(c, of: channels)
        if appliesSiLU {
          let y = multiplyAdd(norm, w, b), gate = sigmoid(y)
          dval *= gate * (1 + y * (1 - gate))
          (target + row).store(dval, c, of: channels)
        }
        dbias += dval
        dweight = multiplyAdd(dval, norm, dweight)
      }
      parameterGradients.store(dweight, c, of: channels)
      (parameterGradients + channels).store(dbias, c, of: channels)
      dnormMean.store(dbias * w, c, of: channels)
      dnormNormMean.store(dweight * w, c, of: channels)
    }
    // The means of dn and of dn * n over each group.
    averageOverGroups(dnormMean) { $0 }
    averageOverGroups(dnormNormMean) { $0 }
    // Second pass: dx, term by term as above.
    forEachVector { c in
      let mean = mean.vector(c, of: channels), rstd = rstd.vector(c, of: channels), w = weight.vector(c, of: channels)
      let dnormMean = dnormMean.vector(c, of: channels), dnormNormMean = dnormNormMean.vector(c, of: channels)
      for position in 0..<positions {
        let row = position &* channels, norm = ((x + row).vector(c, of: channels) - mean) * rstd
        let dval = appliesSiLU ? (target + row).vector(c, of: channels) : (dout + row).vector(c, of: channels)
        (target + row).store((dval * w - dnormMean - norm * dnormNormMean) * rstd, c, of: channels)
      }
    }
  }

  /// Calls `body` with the first channel of each vector.
  @inline(__always)
  private func forEachVector(_ body: (Int) -> Void) {
    var c = 0
    while c < channels {
      body(c)
      c &+= 16
    }
  }
}
