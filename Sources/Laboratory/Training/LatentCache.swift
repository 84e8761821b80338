import Autoregression
import Foundation
import Networks
import Storage
import Tensors

/// Latents of a whole data set in a file, so that training encodes each image once and not at every step.
struct LatentCache {
  private let file: LatentFile
  private let quantizer: any Quantizer
  /// The augmentations by the number of their view.
  private let views: [Augmentation: Int]
  /// All rows, by view; nil where they do not fit into memory and are read when needed.
  private let loaded: [LatentFile.Rows]?

  /// The default limit in bytes: a quarter of the machine's memory.
  static var memoryLimit: Int { Int(ProcessInfo.processInfo.physicalMemory / 4) }

  /// Opens a file; reads it whole where it takes at most `memoryLimit` bytes.
  init(
    _ path: String, _ quantizer: any Quantizer, views: [Augmentation], memoryLimit: Int = LatentCache.memoryLimit
  ) throws {
    file = try LatentFile(path)
    self.views = Dictionary(zip(views, 0...)) { first, _ in first }
    self.quantizer = quantizer
    guard file.form.bytes <= memoryLimit else {
      loaded = nil
      return
    }
    var loaded: [LatentFile.Rows] = []
    for view in 0..<file.form.views { loaded.append(try file.rows(0..<file.form.count, view: view)) }
    self.loaded = loaded
  }

  /// Number, shape and kind of the latents.
  var form: LatentFile.Form { file.form }

  /// Returns the latents of some images by index, each of the view that its augmentation is.
  func batch(_ rows: [Int], augmented: [Augmentation]) throws -> LatentSource.Batch {
    let form = file.form, width = form.width
    var means: [Float] = [], logVariances: [Float] = [], codes: [Int] = []
    for (row, augmentation) in zip(rows, augmented) {
      guard let view = views[augmentation] else { preconditionFailure("there are no latents of \(augmentation)") }
      let part: LatentFile.Rows, offset: Int
      if let loaded {
        (part, offset) = (loaded[view], row * width)
      } else {
        (part, offset) = (try file.rows(row..<row + 1, view: view), 0)
      }
      switch part {
      case .codes(let all): codes += all[offset..<offset + width].map { Int($0) }
      case .numbers(let mean, let logVariance):
        means += mean[offset..<offset + width]
        if !logVariance.isEmpty { logVariances += logVariance[offset..<offset + width] }
      }
    }
    // [batch, rows, columns, channels]
    let shape = [rows.count] + form.shape, labels = rows.map { file.labels[$0] }
    if form.content == .codes {
      let codesByImage = (0..<rows.count).map { Array(codes[$0 * width..<($0 + 1) * width]) }
      let mean = quantizer.tokens(coded: codesByImage).values.reshaped(shape)
      return LatentSource.Batch(posterior: Posterior(mean: mean), labels: labels)
    }
    let posterior = Posterior(
      mean: Tensor(shape, means), logVariance: logVariances.isEmpty ? nil : Tensor(shape, logVariances))
    return LatentSource.Batch(posterior: posterior, labels: labels)
  }

  /// Returns the form in which latents of a data set are kept for a direction, found by encoding a few images: codes
  /// where the direction makes the same tokens of them, else numbers.
  static func form(
    of images: DatasetSplit, by tokenizer: any Tokenizer, for direction: any RegressionDirection,
    rule: AugmentationRule
  ) throws -> LatentFile.Form {
    let few = try images.batch(Array(0..<min(8, images.count))).images
    let posterior = withoutGradients { tokenizer.posterior(of: few) }
    let content: LatentFile.Form.Content =
      posterior.logVariance != nil
      ? .gaussians : codes(of: posterior.mean, by: tokenizer.quantizer, for: direction) == nil ? .values : .codes
    return LatentFile.Form(
      content, count: images.count, shape: Array(posterior.mean.shape.dropFirst()), isMirroredToo: rule.flips,
      crops: rule.crop == .five ? 5 : 1)
  }

  /// Returns codes that determine the tokens which a direction makes of latents [batch, rows, columns, channels]; nil
  /// where none do.
  private static func codes(of latent: Tensor, by quantizer: any Quantizer, for direction: any RegressionDirection)
    -> [Int32]?
  {
    guard quantizer.space.vocabulary != nil, latent.shape[3] == quantizer.space.width else { return nil }
    // [batch, rows * columns, channels]
    let rows = latent.reshaped([latent.shape[0], latent.shape[1] * latent.shape[2], latent.shape[3]])
    guard let codes = quantizer.tokens(nearest: rows).codes else { return nil }
    let decoded = direction.canvas(of: quantizer.tokens(coded: codes).values.reshaped(latent.shape), by: quantizer)
    let original = direction.canvas(of: latent, by: quantizer)
    guard decoded.codes == original.codes, decoded.values.scalars == original.values.scalars else { return nil }
    return codes.flatMap { $0.map { Int32($0) } }
  }

  // MARK: Writing

  /// The encoding of a whole data set into a file.
  struct Encoding {
    let images: DatasetSplit
    let tokenizer: any Tokenizer
    let direction: any RegressionDirection
    let views: [Augmentation]
    let form: LatentFile.Form

    /// Images encoded at once; rows are only ever written in such parts, so that a resumed file has the same bytes.
    private static let part = 64

    /// Writes the file, resuming where an earlier call was stopped. Returns false where the file is impossible: codes
    /// do not determine the tokens of a later image, though they did for the first few.
    func write(to path: String, _ journal: Journal) throws -> Bool {
      let file = try Interruption.holding { try LatentFile.Making(path, form) }
      let start = MonotonicClock.seconds, resumed = file.done, loader = BatchLoader(images)
      loader.expect { [views, form] index in
        let first = resumed + index / views.count * Self.part
        guard first < form.count else { return nil }
        let rows = Array(first..<min(form.count, first + Self.part))
        return BatchLoader.Request(rows: rows, augmented: rows.map { _ in views[index % views.count] })
      }
      defer { loader.stop() }
      while file.done < form.count {
        let rows = Array(file.done..<min(form.count, file.done + Self.part))
        var encodings: [LatentFile.Rows] = [], labels: [Int] = []
        for view in views {
          let batch = try loader.batch(rows, augmented: rows.map { _ in view })
          labels = batch.labels
          guard let encoded = try encoded(batch.images, rows) else { return false }
          encodings.append(encoded)
        }
        try Interruption.holding { try file.append(encodings, labels: labels) }
        journal.progress(
          Progress(
            stage: "latents", done: file.done, total: form.count,
            details: ["\(NumberFormat.short(Double(form.bytes) / 1e6)) MB"],
            seconds: MonotonicClock.seconds - start, for: file.done - resumed))
        if Interruption.isRequested && file.done < form.count {
          throw Stopped("stopped after \(file.done) of \(form.count) latents")
        }
      }
      try file.finish()
      return true
    }

    /// Returns the latents of images in the file's form; nil where codes do not determine their tokens. Throws
    /// `Divergence` where one is not finite.
    private func encoded(_ images: Tensor, _ rows: [Int]) throws -> LatentFile.Rows? {
      let posterior = withoutGradients { tokenizer.posterior(of: images) }
      if let row = Finiteness.firstBrokenRow(of: posterior.mean) {
        throw Divergence(
          description: "latents: that of image \(rows[row]) is not finite; correct the image, or train the tokenizer "
            + "with a lower learning rate.")
      }
      guard form.content == .codes else {
        return .numbers(mean: posterior.mean.scalars, logVariance: posterior.logVariance?.scalars ?? [])
      }
      return LatentCache.codes(of: posterior.mean, by: tokenizer.quantizer, for: direction).map { .codes($0) }
    }
  }
}
