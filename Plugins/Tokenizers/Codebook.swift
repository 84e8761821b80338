import Autoregression
import Networks
import Settings
import Tensors

/// A table of learned vectors; a token is the nearest of them (VQ-VAE; van den Oord et al. 2017, arXiv 1711.00937).
package struct Codebook: LearnedQuantizer {
  /// The measure of nearness.
  package enum Matching: Sendable {
    /// The smallest Euclidean distance.
    case distance
    /// The largest cosine; the vectors keep their norms (VAR's `using_znorm`).
    case cosine
    /// The distance between vectors and codes of norm 1 (ViT-VQGAN; Yu et al. 2021, arXiv 2110.04627).
    case sphere
  }
  /// The rule by which codes follow the vectors assigned to them.
  package enum Update: String, Setting, CaseIterable {
    /// By the gradient of the codebook loss.
    case gradient
    /// By exponential moving averages (van den Oord et al. 2017, appendix A.1).
    case ema

    /// Former names of choices.
    package static let renamedChoices = ["average": "ema"]
  }

  /// [codes, width]
  package let weight: Parameter
  let matching: Matching
  let update: Update
  /// Weight of the commitment term.
  let commitment: Float
  /// The weight multiplies the codebook term instead, as in VQGAN's released code.
  let isLegacy: Bool
  let entropyWeight: Float
  let temperature: Float
  let decay: Float
  /// Steps without use after which a code is restarted; 0: never.
  let restartAfter: Int
  /// Numbers of the largest codebook, 1 GiB; published ones have a quarter at most.
  private static let sizeLimit = 1 << 28
  /// Moving averages of the number of vectors assigned to each code, [codes]; nil without averages.
  let counts: Statistic?
  /// Moving averages of the sum of the vectors assigned to each code, [codes, width]; nil without averages.
  let sums: Statistic?
  /// Steps since each code was last used, [codes]; nil without restarts.
  let idle: Statistic?

  /// Channels of a code.
  package var width: Int { weight.value.shape[1] }
  /// Number of codes.
  package var count: Int { weight.value.shape[0] }

  /// Reads the settings of a codebook; those of the entropy term only where it `hasEntropy`.
  init(
    _ settings: inout Settings, width: Int, matching: Matching, hasEntropy: Bool, _ random: inout Random
  ) throws(SettingsError) {
    let count: Int = try settings["codes", default: 1024, in: 2...1_048_576, about: "size of the codebook"]
    self.matching = matching
    update = try settings[
      "update", default: .gradient,
      about: "how codes follow the vectors assigned to them: by gradients or by moving averages"]
    commitment = try settings[
      "commitment", default: 0.25, in: 0...100,
      about: "weight of the commitment loss, which keeps the encoder near its codes (beta)"]
    isLegacy = try settings[
      "legacy-commitment", default: false,
      about: "apply the weight to the codebook loss instead, as in VQGAN's released code"]
    decay = try settings[
      "decay", default: 0.99, in: 0...0.99999, about: "decay of the moving averages of 'update: ema'"]
    try settings.renamed("revive-after", to: "restart-after")
    restartAfter = try settings[
      "restart-after", default: 0, in: 0...100_000_000,
      about: "steps without use after which a code is replaced by a random vector of the encoder; 0: never"]
    entropyWeight =
      hasEntropy
      ? try settings[
        "entropy", default: 0, in: 0...100, about: "weight of the entropy loss, which favours even use of the codes"]
      : 0
    temperature =
      hasEntropy
      ? try settings[
        "entropy-temperature", default: 0.01, in: 1e-6...1000,
        about: "temperature of the probabilities in the entropy loss"]
      : 1
    let size = [count, width].product
    guard size <= Self.sizeLimit else {
      throw settings.refusal(
        "\(count) codes of \(width) channels are more than \(Self.sizeLimit) numbers; use fewer 'codes' or channels.",
        at: "codes")
    }
    // Uniform in [-1 / codes, 1 / codes), as in VQGAN.
    let table =
      Initialization.allocatesStorage
      ? (random.uniform([1, size], "codebook").reshaped([count, width]) * 2 - 1) * (1 / Float(count))
      : Initialization.zeros([count, width], &random)
    weight = Parameter(
      matching == .sphere && Initialization.allocatesStorage ? table.normalized() : table, role: .codebook)
    counts = update == .ema ? Statistic(Tensor(repeating: 1, shape: [count])) : nil
    sums = update == .ema ? Statistic(from: weight) : nil
    idle = restartAfter > 0 ? Statistic(Tensor(zeros: [count])) : nil
  }

  /// The codes as they are compared with vectors: [codes, width].
  private var table: Tensor {
    let codes = update == .ema ? weight.value : weight()
    return matching == .sphere ? codes.normalized() : codes
  }

  /// The quantizer of the codes as they are now.
  package var view: any Quantizer { tableView }
  /// The quantizer of the codes as they are now, with gradients.
  var tableView: TableQuantizer { TableQuantizer(table: table, matching: matching) }

  /// Quantizes rows [rows, width] with straight-through gradients.
  package func quantized(_ rows: Tensor, samples: Int, _ random: inout Random) -> Quantized {
    restartDeadCodes(&random, samples: samples) { rows.detached }
    let z = matching == .sphere ? rows.normalized() : rows, view = tableView, codes = view.codes(nearest: z)
    let nearest = view.table.rows([codes]).reshaped(z.shape)  // [rows, width]
    let commitment = commitmentLoss((nearest.detached - z).squared.mean)
    let distance = (nearest - z.detached).squared.mean
    var parts: [(name: String, value: Float)] = []
    var loss = commitment
    // Codes that follow moving averages have no loss.
    if update == .gradient {
      let codebook = codebookLoss(distance)
      loss = loss + codebook
      parts.append(("codebook", codebook.scalar))
    }
    parts.append(("commitment", commitment.scalar))
    if entropyWeight > 0 {
      let entropy = Self.entropy(z, view.table, temperature) * entropyWeight
      loss = loss + entropy
      parts.append(("entropy", entropy.scalar))
    }
    updateStatistics(z.detached, codes)
    return Quantized(
      values: z.straightThrough(nearest), codes: codes, loss: loss,
      parts: parts + CodebookUsage(codes, of: count).parts)
  }

  /// The loss that moves the encoder to its codes, from the squared distance of vectors to fixed codes.
  func commitmentLoss(_ distance: Tensor) -> Tensor { isLegacy ? distance : distance * commitment }

  /// The loss that moves codes to the encoder, from the squared distance of codes to fixed vectors.
  func codebookLoss(_ distance: Tensor) -> Tensor { isLegacy ? distance * commitment : distance }

  /// The mean entropy of the code of a row, minus the entropy of the batch's mean probabilities (LlamaGen's form of Yu
  /// et al. 2023, arXiv 2310.05737): rows [n, width], table [codes, width]; probabilities are
  /// softmax(-squared distance / temperature).
  static func entropy(_ rows: Tensor, _ table: Tensor, _ temperature: Float) -> Tensor {
    // |row - code|^2 = |row|^2 - 2 row . code + |code|^2; softmax does not depend on |row|^2.
    let squaredNorms = table.squared.sum(axis: 1)
    let logits = (rows.linear(table) * 2 - squaredNorms) * (1 / temperature)  // [n, codes]
    let probabilities = logits.softmax.mean(axis: 0)
    return logits.softmaxEntropy.mean + (probabilities * (probabilities + 1e-5).logarithm).sum
  }

  // MARK: Statistics

  /// Moves averaged codes towards the vectors assigned to them, and counts idle steps: rows [n, width], codes [n].
  func updateStatistics(_ rows: Tensor, _ codes: [Int]) {
    guard counts != nil || idle != nil else { return }
    var used = [Float](repeating: 0, count: count)
    for code in codes { used[code] += 1 }
    if let idle {
      idle.replace(Tensor([count], zip(idle.value.scalars, used).map { $1 > 0 ? 0 : $0 + 1 }))
    }
    guard let counts, let sums, rows.isFinite else { return }
    var assigned = [Float](repeating: 0, count: count * width)
    rows.withUnsafeScalars { rows in
      for (row, code) in codes.enumerated() {
        for i in 0..<width { assigned[code * width + i] += rows[row * width + i] }
      }
    }
    let newCounts = counts.value * decay + Tensor([count], used) * (1 - decay)
    let newSums = sums.value * decay + Tensor([count, width], assigned) * (1 - decay)
    counts.replace(newCounts)
    sums.replace(newSums)
    // Unused codes are left out: their sum and count decay alike, until the quotient is no longer defined.
    var table = weight.value.scalars
    let n = newCounts.scalars, s = newSums.scalars
    for code in 0..<count where used[code] > 0 {
      for i in code * width..<(code + 1) * width { table[i] = s[i] / n[code] }
    }
    weight.replace(Tensor([count, width], table))
  }

  /// Replaces codes that were idle for too long by random vectors of the batch (random restarts; Dhariwal et al. 2020,
  /// Jukebox, arXiv 2005.00341). `candidates` [n, width], those of a sample together, are computed only if there are
  /// such codes.
  func restartDeadCodes(_ random: inout Random, samples: Int, from candidates: () -> Tensor) {
    guard let idle else { return }
    let dead = idle.value.scalars.indices.filter { idle.value.scalars[$0] >= Float(restartAfter) }
    guard !dead.isEmpty else { return }
    let rows = candidates(), rowsPerSample = rows.shape[0] / samples
    let picks = random.integers(in: 0..<rowsPerSample, count: (dead.count + samples - 1) / samples, "revival")
    let vectors = rows.scalars
    var table = weight.value.scalars, times = idle.value.scalars
    var n = counts?.value.scalars ?? [], s = sums?.value.scalars ?? []
    for (index, code) in dead.enumerated() {
      let sample = index % samples, row = sample * rowsPerSample + picks[sample][index / samples]
      for i in 0..<width { table[code * width + i] = vectors[row * width + i] }
      times[code] = 0
      guard !n.isEmpty else { continue }
      n[code] = 1
      for i in 0..<width { s[code * width + i] = vectors[row * width + i] }
    }
    weight.replace(Tensor([count, width], table))
    idle.replace(Tensor([count], times))
    counts?.replace(Tensor([count], n))
    sums?.replace(Tensor([count, width], s))
  }
}
