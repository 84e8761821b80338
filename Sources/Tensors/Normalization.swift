extension Tensor {
  /// Rows divided by their root mean square along the last axis, then times `weight` [width]
  /// (Zhang and Sennrich 2019, arXiv 1910.07467).
  public func rmsNorm(_ weight: Tensor, epsilon: Float) -> Tensor {
    let width = shape.last ?? 1
    let rows = reshaped([count / Swift.max(1, width), width])
    let size = (rows.squared.mean(axis: 1, keeping: true) + epsilon).squareRoot
    return (rows / size * weight).reshaped(shape)
  }

  /// Rows of length 1 along the last axis: x / max(|x|, epsilon).
  public func normalized(epsilon: Float = 1e-12) -> Tensor {
    let width = shape.last ?? 1
    let rows = reshaped([count / Swift.max(1, width), width])
    let length = rows.squared.sum(axis: 1, keeping: true).squareRoot.clamped(
      to: epsilon...Float.greatestFiniteMagnitude)
    return (rows / length).reshaped(shape)
  }

  /// Each group of channels of each sample brought to mean 0 and variance 1, then times `weight` plus `bias`
  /// (Wu and He 2018, arXiv 1803.08494). self [batch, ..., channels]; weight and bias [channels].
  public func groupNorm(groups: Int, _ weight: Tensor, _ bias: Tensor, epsilon: Float) -> Tensor {
    let channels = shape.last ?? 1, batch = shape[0], places = count / Swift.max(1, batch * channels)
    precondition(groups > 0 && channels % groups == 0, "\(channels) channels do not divide into \(groups) groups")
    let each = channels / groups, size = Float(each * places), source = buffer.pointer
    let normal = Buffer(count: count), scales = Buffer(count: batch * groups)
    let w = weight.buffer.pointer, b = bias.buffer.pointer
    let value = Tensor(unfilled: shape) { target in
      let target = target.baseAddress!, normal = normal.pointer
      parallel(batch, cost: 8 * places * channels) { range in
        withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * channels) { scratch in
          let mean = scratch.baseAddress!, scale = mean + channels
          for sample in range {
            let x = source + sample * places * channels, o = sample * places * channels
            channelSums(x, places, channels, into: mean) { value, _ in value }
            spread(mean, groups, each) { $0 / size }
            for c in 0..<channels { mean[c] = -mean[c] }
            channelSums(x, places, channels, into: scale) { value, c in (value + mean[c]) * (value + mean[c]) }
            spread(scale, groups, each) { 1 / ($0 / size + epsilon).squareRoot() }
            for group in 0..<groups { scales.pointer[sample * groups + group] = scale[group * each] }
            for place in 0..<places {
              let line = x + place * channels, n = normal + o + place * channels, y = target + o + place * channels
              for c in 0..<channels {
                n[c] = (line[c] + mean[c]) * scale[c]
                y[c] = n[c] * w[c] + b[c]
              }
            }
          }
        }
      }
    }
    return value.from([self, weight, bias]) { [shape, weight = weight.detached] g in
      let g = g.detached, n = normal.pointer, w = weight.buffer.pointer
      let toSelf = Tensor(unfilled: shape) { target in
        let target = target.baseAddress!
        parallel(batch, cost: 8 * places * channels) { range in
          withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * channels) { scratch in
            let mean = scratch.baseAddress!, along = mean + channels
            for sample in range {
              let o = sample * places * channels, h = g.buffer.pointer + o, x = n + o
              mean.update(repeating: 0, count: 2 * channels)
              for place in 0..<places {
                let p = place * channels
                for c in 0..<channels {
                  let weighted = h[p + c] * w[c]
                  mean[c] += weighted
                  along[c] += weighted * x[p + c]
                }
              }
              spread(mean, groups, each) { $0 / size }
              spread(along, groups, each) { $0 / size }
              for place in 0..<places {
                let p = place * channels, y = target + o + p
                for group in 0..<groups {
                  let scale = scales.pointer[sample * groups + group]
                  for c in group * each..<(group + 1) * each {
                    y[c] = scale * (h[p + c] * w[c] - mean[c] - x[p + c] * along[c])
                  }
                }
              }
            }
          }
        }
      }
      let normalized = Tensor(shape: shape, buffer: normal, node: nil)
      return [toSelf, (g * normalized).columnSums(width: channels), g.columnSums(width: channels)]
    }
  }
}

/// For each channel the sum of `term` over the places of one sample.
@inline(__always)
private func channelSums(
  _ x: UnsafeMutablePointer<Float>, _ places: Int, _ channels: Int, into sums: UnsafeMutablePointer<Float>,
  _ term: (Float, Int) -> Float
) {
  sums.update(repeating: 0, count: channels)
  for place in 0..<places {
    let line = x + place * channels
    for c in 0..<channels { sums[c] += term(line[c], c) }
  }
}

/// Replaces each channel's number by a function of the sum over its group.
@inline(__always)
private func spread(_ numbers: UnsafeMutablePointer<Float>, _ groups: Int, _ each: Int, _ transform: (Float) -> Float) {
  for group in 0..<groups {
    var sum: Float = 0
    for c in group * each..<(group + 1) * each { sum += numbers[c] }
    let value = transform(sum)
    for c in group * each..<(group + 1) * each { numbers[c] = value }
  }
}
