extension Tensor {
  /// Each group of channels of each sample brought to mean 0 and variance 1, then times `weight` plus `bias`
  /// (Wu and He 2018, arXiv 1803.08494), then, with `bends`, x sigmoid(x).
  ///
  /// self [batch, ..., channels]; weight and bias [channels]. Only mean and deviation are kept for the way back.
  public func groupNorm(
    groupCount: Int, _ weight: Tensor, _ bias: Tensor, epsilon: Float, appliesSiLU bends: Bool = false
  ) -> Tensor {
    let channels = shape.last ?? 1, batch = shape[0], places = count / Swift.max(1, batch * channels)
    precondition(
      groupCount > 0 && channels % groupCount == 0, "\(channels) channels do not divide into \(groupCount) groups")
    let source = buffer.pointer, size = places * channels, known = Buffer(count: 2 * batch * channels)
    let plan = GroupedChannels(channels: channels, groups: groupCount, places: places)
    let value = Tensor(unfilled: shape) { target in
      let target = target.baseAddress!, w = weight.buffer.pointer, b = bias.buffer.pointer
      parallel(batch, cost: size) { range in
        let factors = Buffer(count: 2 * channels), factor = factors.pointer, offset = factor + channels
        for sample in range {
          let x = UnsafePointer(source + sample * size), y = target + sample * size
          let mean = known.pointer + 2 * sample * channels, scale = mean + channels
          plan.moments(x, mean: mean, scale: scale, epsilon: epsilon)
          for c in 0..<channels {
            factor[c] = scale[c] * w[c]
            offset[c] = b[c] - mean[c] * factor[c]
          }
          var c = 0
          while c < channels {
            let f = factor.vector(c, of: channels), o = offset.vector(c, of: channels)
            for place in 0..<places {
              let at = place &* channels
              let n = multiplyAdd((x + at).vector(c, of: channels), f, o)
              (y + at).store(bends ? n * sigmoid(n) : n, c, of: channels)
            }
            c &+= 16
          }
        }
      }
    }
    return value.recorded(inputs: [self, weight, bias]) {
      [self = detached, weight = weight.detached, bias = bias.detached] g in
      let sums = Tensor(unfilled: [batch, 2 * channels]) { $0.update(repeating: 0) }
      let toSelf = Tensor(unfilled: self.shape) { target in
        let target = target.baseAddress!, w = weight.buffer.pointer, b = bias.buffer.pointer
        parallel(batch, cost: 2 * size) { range in
          let work = Buffer(count: 2 * channels)
          for sample in range {
            let mean = UnsafePointer(known.pointer + 2 * sample * channels)
            plan.back(
              UnsafePointer(self.buffer.pointer + sample * size), UnsafePointer(g.buffer.pointer + sample * size), mean,
              mean + channels, w, b, bends: bends, sums: sums.buffer.pointer + 2 * sample * channels, work.pointer,
              into: target + sample * size)
          }
        }
      }
      let sum = sums.columnSums(width: 2 * channels)
      return [toSelf, sum.sliced(0..<channels, axis: 0), sum.sliced(channels..<2 * channels, axis: 0)]
    }
  }
}

/// One sample of a group norm: [places, channels].
private struct GroupedChannels: Sendable {
  let channels: Int, groups: Int, places: Int
  var each: Int { channels / groups }

  /// Replaces each channel's number by a function of the mean over its group.
  @inline(__always)
  private func spread(_ numbers: UnsafeMutablePointer<Float>, _ transform: (Float) -> Float) {
    for group in 0..<groups {
      var sum: Float = 0
      for c in group * each..<(group + 1) * each { sum += numbers[c] }
      let value = transform(sum / Float(each * places))
      for c in group * each..<(group + 1) * each { numbers[c] = value }
    }
  }

  /// Mean and reciprocal deviation, in two passes: for each channel those of its group.
  func moments(
    _ x: UnsafePointer<Float>, mean: UnsafeMutablePointer<Float>, scale: UnsafeMutablePointer<Float>, epsilon: Float
  ) {
    each16 { c in
      var sum = Vector16(repeating: 0)
      for place in 0..<places { sum += (x + place &* channels).vector(c, of: channels) }
      mean.store(sum, c, of: channels)
    }
    spread(mean) { $0 }
    each16 { c in
      let centre = mean.vector(c, of: channels)
      var sum = Vector16(repeating: 0)
      for place in 0..<places {
        let gap = (x + place &* channels).vector(c, of: channels) - centre
        sum = multiplyAdd(gap, gap, sum)
      }
      scale.store(sum, c, of: channels)
    }
    spread(scale) { 1 / ($0 + epsilon).squareRoot() }
  }

  /// The way back. `sums` [2 channels] gets the gradients of weight and bias; `work` has room for as many.
  func back(
    _ x: UnsafePointer<Float>, _ g: UnsafePointer<Float>, _ mean: UnsafePointer<Float>, _ scale: UnsafePointer<Float>,
    _ weight: UnsafePointer<Float>, _ bias: UnsafePointer<Float>, bends: Bool, sums: UnsafeMutablePointer<Float>,
    _ work: UnsafeMutablePointer<Float>, into target: UnsafeMutablePointer<Float>
  ) {
    let total = work, along = work + channels
    each16 { c in
      let m = mean.vector(c, of: channels), s = scale.vector(c, of: channels), w = weight.vector(c, of: channels)
      let b = bias.vector(c, of: channels)
      var sum = Vector16(repeating: 0), product = sum
      for place in 0..<places {
        let at = place &* channels, n = ((x + at).vector(c, of: channels) - m) * s
        var slope = (g + at).vector(c, of: channels)
        if bends {
          let y = multiplyAdd(n, w, b), share = sigmoid(y)
          slope *= share * (1 + y * (1 - share))
          (target + at).store(slope, c, of: channels)
        }
        sum += slope
        product = multiplyAdd(slope, n, product)
      }
      sums.store(product, c, of: channels)
      (sums + channels).store(sum, c, of: channels)
      total.store(sum * w, c, of: channels)
      along.store(product * w, c, of: channels)
    }
    spread(total) { $0 }
    spread(along) { $0 }
    each16 { c in
      let m = mean.vector(c, of: channels), s = scale.vector(c, of: channels), w = weight.vector(c, of: channels)
      let t = total.vector(c, of: channels), a = along.vector(c, of: channels)
      for place in 0..<places {
        let at = place &* channels, n = ((x + at).vector(c, of: channels) - m) * s
        let slope = bends ? (target + at).vector(c, of: channels) : (g + at).vector(c, of: channels)
        (target + at).store((slope * w - t - n * a) * s, c, of: channels)
      }
    }
  }

  @inline(__always)
  private func each16(_ body: (Int) -> Void) {
    var c = 0
    while c < channels {
      body(c)
      c &+= 16
    }
  }
}
