import Autoregression
import Networks
import Settings
import Tensors

/// A table of learned vectors: a token is the nearest of them (VQ-VAE; van den Oord et al. 2017, arXiv 1711.00937).
package struct Codebook: LearnedQuantizer {
  /// What "nearest" means.
  package enum Matching: Sendable {
    case distance
    /// The largest cosine; the vectors keep their lengths (VAR's `using_znorm`).
    case cosine
    /// Vectors and codes are brought to length 1 first (ViT-VQGAN; Yu et al. 2021, arXiv 2110.04627).
    case sphere
  }
  package enum Update: String, Setting, CaseIterable { case gradient, average }

  /// [codes, width]
  package let weight: Parameter
  let matching: Matching
  let update: Update
  let commitment: Float
  /// VQGAN's released code multiplies the other of the two terms.
  let isLegacy: Bool
  let entropyWeight: Float
  let temperature: Float
  let decay: Float
  let reviveAfter: Int
  /// Running counts [codes] and sums [codes, width] of what was brought to each code; nil without `average`.
  let counts: Statistic?
  let sums: Statistic?
  /// Steps since each code was last used, [codes]; nil where dead ones stay dead.
  let idle: Statistic?

  package var width: Int { weight.value.shape[1] }
  package var count: Int { weight.value.shape[0] }

  /// `hasEntropy`: whether the entropy term can be asked for.
  init(
    _ settings: inout Settings, width: Int, matching: Matching, hasEntropy: Bool, _ random: inout Random
  ) throws(SettingsError) {
    let count: Int = try settings["codes", default: 1024, in: 2...1_048_576, about: "vectors in the codebook"]
    self.matching = matching
    update = try settings["update", default: .gradient, about: "how codes follow what is brought to them"]
    commitment = try settings[
      "commitment", default: 0.25, in: 0...100, about: "weight of the term that keeps the encoder near its codes"]
    isLegacy = try settings[
      "legacy-commitment", default: false,
      about: "the weight on the codes' term instead, as VQGAN's released code has it"]
    decay = try settings[
      "decay", default: 0.99, in: 0...0.99999, about: "rate of the moving average of 'update: average'"]
    reviveAfter = try settings[
      "revive-after", default: 0, in: 0...100_000_000,
      about: "steps unused after which a code becomes a random vector of the encoder; 0: never"]
    entropyWeight =
      hasEntropy
      ? try settings[
        "entropy", default: 0, in: 0...100, about: "weight of the entropy term, which spreads the use of codes"]
      : 0
    temperature =
      hasEntropy
      ? try settings["entropy-temperature", default: 0.01, in: 1e-6...1000, about: "of the shares in the entropy term"]
      : 1
    // Within 1 / codes, as VQGAN starts them.
    let table = (random.uniform([1, count * width], "codebook").reshaped([count, width]) * 2 - 1) * (1 / Float(count))
    weight = Parameter(matching == .sphere ? table.normalized() : table, decays: false)
    counts = update == .average ? Statistic(Tensor(repeating: 1, shape: [count])) : nil
    sums = update == .average ? Statistic(weight.value) : nil
    idle = reviveAfter > 0 ? Statistic(Tensor(zeros: [count])) : nil
  }

  /// The codes as tokens have them: [codes, width].
  private var table: Tensor {
    let codes = update == .average ? weight.value : weight()
    return matching == .sphere ? codes.normalized() : codes
  }

  package var view: any Quantizer { tableView }
  var tableView: TableQuantizer { TableQuantizer(table: table, matching: matching) }
  /// The same without a way back, which outlives a training step.
  var frozen: TableQuantizer { TableQuantizer(table: table.detached, matching: matching) }

  package func quantized(_ rows: Tensor, samples: Int, _ random: inout Random) -> Quantized {
    revive(&random, samples: samples) { rows.detached }
    let z = matching == .sphere ? rows.normalized() : rows, view = tableView, codes = view.codes(nearest: z)
    let near = view.table.rows([codes]).reshaped(z.shape)
    let towardsCodes = (near.detached - z).squared.mean, towardsRows = (near - z.detached).squared.mean
    var parts: [(name: String, value: Float)] = []
    // Codes that follow by averaging have no term of their own.
    let pull = isLegacy ? towardsCodes : towardsCodes * commitment
    var loss = pull
    if update == .gradient {
      let push = isLegacy ? towardsRows * commitment : towardsRows
      loss = loss + push
      parts.append(("codebook", push.scalar))
    }
    parts.append(("commitment", pull.scalar))
    if entropyWeight > 0 {
      let entropy = Self.entropy(z, view.table, temperature) * entropyWeight
      loss = loss + entropy
      parts.append(("entropy", entropy.scalar))
    }
    observe(z.detached, codes)
    return Quantized(
      values: z + (near - z).detached, codes: codes, loss: loss, parts: parts + CodeUse(codes, of: count).parts)
  }

  /// How unsure each row is of its code, less how unsure the batch is (LlamaGen's form of Yu et al. 2023, arXiv
  /// 2310.05737): rows [n, width], table [codes, width]; shares are softmax(-squared distance / temperature).
  static func entropy(_ rows: Tensor, _ table: Tensor, _ temperature: Float) -> Tensor {
    // A row's own length moves all its distances alike: the shares do not see it.
    let lengths = table.squared.sum(axis: 1)
    let closeness = (rows.linear(table) * 2 - lengths) * (1 / temperature)
    let shares = closeness.softmax.mean(axis: 0)
    return closeness.softmaxEntropy.mean + (shares * (shares + 1e-5).logarithm).sum
  }

  // MARK: What is counted

  /// Moves averaged codes towards what was brought to them, and counts who was idle: rows [n, width], codes [n].
  func observe(_ rows: Tensor, _ codes: [Int]) {
    guard counts != nil || idle != nil else { return }
    var used = [Float](repeating: 0, count: count)
    for code in codes { used[code] += 1 }
    if let idle {
      idle.replace(Tensor([count], zip(idle.value.scalars, used).map { $1 > 0 ? 0 : $0 + 1 }))
    }
    guard let counts, let sums, rows.isFinite else { return }
    var brought = [Float](repeating: 0, count: count * width)
    rows.withUnsafeScalars { rows in
      for (row, code) in codes.enumerated() {
        for i in 0..<width { brought[code * width + i] += rows[row * width + i] }
      }
    }
    let newCounts = counts.value * decay + Tensor([count], used) * (1 - decay)
    let newSums = sums.value * decay + Tensor([count, width], brought) * (1 - decay)
    counts.replace(newCounts)
    sums.replace(newSums)
    // A code that got nothing stays where it is: sum and count shrink alike, down to numbers too small to divide.
    var table = weight.value.scalars
    let n = newCounts.scalars, s = newSums.scalars
    for code in 0..<count where used[code] > 0 {
      for i in code * width..<(code + 1) * width { table[i] = s[i] / n[code] }
    }
    weight.replace(Tensor([count, width], table))
  }

  /// Puts random vectors in place of codes that were idle for too long; `candidates` [n, width] are asked only then.
  func revive(_ random: inout Random, samples: Int, from candidates: () -> Tensor) {
    guard let idle else { return }
    let dead = idle.value.scalars.indices.filter { idle.value.scalars[$0] >= Float(reviveAfter) }
    guard !dead.isEmpty else { return }
    let rows = candidates(), each = rows.shape[0] / samples
    let picks = random.integers(in: 0..<each, count: (dead.count + samples - 1) / samples, "revival")
    let all = rows.scalars
    var table = weight.value.scalars, times = idle.value.scalars
    var n = counts?.value.scalars ?? [], s = sums?.value.scalars ?? []
    for (index, code) in dead.enumerated() {
      let sample = index % samples, row = sample * each + picks[sample][index / samples]
      for i in 0..<width { table[code * width + i] = all[row * width + i] }
      times[code] = 0
      guard !n.isEmpty else { continue }
      n[code] = 1
      for i in 0..<width { s[code * width + i] = all[row * width + i] }
    }
    weight.replace(Tensor([count, width], table))
    idle.replace(Tensor([count], times))
    counts?.replace(Tensor([count], n))
    sums?.replace(Tensor([count, width], s))
  }
}
