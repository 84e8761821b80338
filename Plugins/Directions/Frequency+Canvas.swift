import Autoregression
import Tensors

extension Frequency {
  func canvas(of latent: Tensor, by quantizer: any Quantizer) -> Tokens {
    let rows = [latent.shape[0], layout.grid.count, latent.shape[3]]
    guard isPyramid else { return quantizer.tokens(nearest: latent.reshaped(rows)) }
    var parts: [Tokens] = [], sum = Tensor(zeros: rows)
    for index in levels.indices {
      let next = target != .full && index + 1 < levels.count ? filtered(latent, to: levels[index + 1]) : latent
      // A band is the residual of the quantized sum so far, so that the next one corrects quantization errors.
      let part = quantizer.tokens(nearest: target == .band ? next.reshaped(rows) - sum : next.reshaped(rows))
      if target == .band { sum = sum + part.values }
      parts.append(part)
    }
    let codes = parts.compactMap(\.codes)
    return Tokens(
      values: Tensor.concatenated(parts.map(\.values), axis: 1),
      codes: codes.isEmpty ? nil : (0..<rows[0]).map { sample in codes.flatMap { $0[sample] } })
  }

  func latent(of canvas: Tokens, through level: Int, by quantizer: any Quantizer) -> Tensor {
    image(of: isPyramid ? partialSum(in: canvas.values, through: level) : canvas.values)
  }

  func version(of latent: Tensor, at level: Int, by quantizer: any Quantizer) -> Tensor? {
    if target == .full { return filtered(latent, to: level) }
    return self.latent(of: canvas(of: latent, by: quantizer), through: level, by: quantizer)
  }

  func inputs(of canvas: Tokens, at turn: Turn, by quantizer: any Quantizer) -> Tokens {
    let batch = canvas.batch
    if context == .all {
      let sets = turn.slots.count(in: layout.slots.count) / layout.grid.count
      return Tokens(values: Tensor.concatenated((0..<sets).map { seen(in: canvas.values, at: $0) }, axis: 1))
    }
    guard target == .full else {
      let levels = turn.slots.indices(in: layout.slots.count, batch: batch).map { $0[0] / layout.grid.count }
      return Tokens(values: sorted(canvas.values, by: levels) { partialSum(in: $0, through: $1 - 1) })
    }
    let levels = isUnfiltered(turn.moment) ? [top] : turn.levels ?? [top]
    let levelOfSample = levels.count == 1 ? Array(repeating: levels[0], count: batch) : levels
    return Tokens(
      values: sorted(canvas.values, by: levelOfSample) { draft, level in
        filtered(image(of: draft), to: level).reshaped(draft.shape)
      })
  }

  /// A training turn has a single step, and the first turn of a generation is never unfiltered: it shows nothing.
  private func isUnfiltered(_ moment: Moment) -> Bool { moment.step > 0 && unfiltered.contains(moment.step) }

  private func filtered(_ latent: Tensor, to level: Int) -> Tensor {
    switch first {
    case .low: filter(latent, level: level, of: top, order: filterOrder)
    case .high: latent.detached - filter(latent, level: top - level, of: top, order: filterOrder)
    }
  }

  /// Inputs of the set number `index`, from the set before it: [batch, slots, width] to [batch, cells, width].
  private func seen(in pyramid: Tensor, at index: Int) -> Tensor {
    let before = partialSum(in: pyramid, through: index - 1)
    guard target == .full, index > 0 else { return before }
    return filtered(image(of: before), to: levels[index]).reshaped(before.shape)
  }

  /// Rows as an image: [batch, cells, width] to [batch, height, width, channels].
  private func image(of rows: Tensor) -> Tensor {
    rows.reshaped([rows.shape[0], layout.grid.height, layout.grid.width, rows.shape[2]])
  }

  /// The image of the sets 0 ... index of a pyramid: the sum of bands, or the last level; zeros before the first.
  ///
  /// [batch, slots, width] to [batch, cells, width].
  private func partialSum(in pyramid: Tensor, through index: Int) -> Tensor {
    let count = layout.grid.count
    func set(_ index: Int) -> Tensor { pyramid.sliced(index * count..<(index + 1) * count, axis: 1) }
    guard index >= 0 else { return Tensor(zeros: [pyramid.shape[0], count, pyramid.shape[2]]) }
    return target == .band ? (0..<index).reduce(set(index)) { $0 + set($1) } : set(index)
  }

  /// `version` of samples [batch, rows, width] at the level of each; samples of one level are computed together.
  private func sorted(_ samples: Tensor, by levels: [Int], _ version: (Tensor, Int) -> Tensor) -> Tensor {
    if let level = levels.first, levels.allSatisfy({ $0 == level }) { return version(samples, level) }
    let (batch, rows, width) = (samples.shape[0], samples.shape[1], samples.shape[2]), count = layout.grid.count
    var result = Tensor(zeros: [1, batch, count * width])
    for level in Set(levels) {
      let numbers = [levels.indices.filter { levels[$0] == level }]
      let alike = samples.reshaped([batch, rows * width]).rows(numbers).reshaped([numbers[0].count, rows, width])
      let part = version(alike, level).reshaped([1, numbers[0].count, count * width])
      result = part.scattered(numbers, over: result)
    }
    return result.reshaped([batch, count, width])
  }
}
