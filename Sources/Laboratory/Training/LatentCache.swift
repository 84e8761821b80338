import Autoregression
import Foundation
import Networks
import Settings
import Storage
import Tensors

/// Latents of a whole data set, kept so that training encodes each image once and not at every step.
struct LatentCache {
  private let file: LatentFile
  private let quantizer: any Quantizer
  /// Everything, by orientation; nil where it does not fit into memory and rows are read as they are needed.
  private let whole: [LatentFile.Rows]?

  /// A quarter of the machine's memory is left to latents.
  static var mostInMemory: Int { Int(ProcessInfo.processInfo.physicalMemory / 4) }

  init(_ path: String, _ quantizer: any Quantizer, mostInMemory: Int = LatentCache.mostInMemory) throws {
    file = try LatentFile(path)
    self.quantizer = quantizer
    guard file.form.bytes <= mostInMemory else {
      whole = nil
      return
    }
    let all = 0..<file.form.count
    whole =
      try [file.rows(all, mirrored: false)]
      + (file.form.isMirroredToo ? [file.rows(all, mirrored: true)] : [])
  }

  /// What latents of some images are drawn from, and their labels.
  func batch(_ rows: [Int], flipped: [Bool]) throws -> (posterior: Posterior, labels: [Int]) {
    let form = file.form, width = form.width
    var first: [Float] = [], second: [Float] = [], codes: [Int] = []
    for (row, isFlipped) in zip(rows, flipped) {
      let part: LatentFile.Rows, at: Int
      if let whole {
        (part, at) = (whole[isFlipped ? 1 : 0], row * width)
      } else {
        (part, at) = (try file.rows(row..<row + 1, mirrored: isFlipped), 0)
      }
      switch part {
      case .codes(let all): codes += all[at..<at + width].map { Int($0) }
      case .numbers(let mean, let logVariance):
        first += mean[at..<at + width]
        if !logVariance.isEmpty { second += logVariance[at..<at + width] }
      }
    }
    let shape = [rows.count] + form.shape, labels = rows.map { file.labels[$0] }
    if form.content == .codes {
      let each = (0..<rows.count).map { Array(codes[$0 * width..<($0 + 1) * width]) }
      return (Posterior(mean: quantizer.tokens(coded: each).values.reshaped(shape)), labels)
    }
    return (
      Posterior(mean: Tensor(shape, first), logVariance: second.isEmpty ? nil : Tensor(shape, second)), labels
    )
  }

  // MARK: Making

  /// Images encoded at once; rows are only ever written in such parts, so that a resumed file has the same bytes.
  private static let part = 64

  /// How latents of a data set are kept for a direction, found by encoding a few images: as codes, where the
  /// direction makes the same tokens of them, else as numbers.
  static func form(
    of dataset: any ImageDataset, by tokenizer: any Tokenizer, for direction: any RegressionDirection,
    isMirroredToo: Bool
  ) throws -> LatentFile.Form {
    let few = Array(0..<min(8, dataset.count))
    let images = try dataset.batch(few, flipped: few.map { _ in false }).images
    let posterior = withoutGradients { tokenizer.posterior(of: images) }
    let content: LatentFile.Form.Content =
      posterior.logVariance != nil
      ? .gaussians : codes(of: posterior.mean, by: tokenizer.quantizer, for: direction) == nil ? .values : .codes
    return LatentFile.Form(
      content, count: dataset.count, shape: Array(posterior.mean.shape.dropFirst()), isMirroredToo: isMirroredToo)
  }

  /// The codes that say all of a latent [batch, rows, columns, channels] that a direction makes tokens of; nil where
  /// something would be lost.
  private static func codes(of latent: Tensor, by quantizer: any Quantizer, for direction: any RegressionDirection)
    -> [Int32]?
  {
    guard quantizer.space.vocabulary != nil, latent.shape[3] == quantizer.space.width else { return nil }
    let rows = latent.reshaped([latent.shape[0], latent.shape[1] * latent.shape[2], latent.shape[3]])
    guard let codes = quantizer.tokens(nearest: rows).codes else { return nil }
    let again = direction.canvas(of: quantizer.tokens(coded: codes).values.reshaped(latent.shape), by: quantizer)
    let whole = direction.canvas(of: latent, by: quantizer)
    guard again.codes == whole.codes, again.values.scalars == whole.values.scalars else { return nil }
    return codes.flatMap { $0.map { Int32($0) } }
  }

  /// Encodes the whole data set into a file; goes on where an earlier call was stopped. Gives whether the file could be
  /// made: codes do not say all of an image's latent where a first few did.
  static func make(
    _ path: String, of dataset: any ImageDataset, by tokenizer: any Tokenizer, for direction: any RegressionDirection,
    _ form: LatentFile.Form, _ journal: Journal
  ) throws -> Bool {
    let making = try LatentFile.Making(path, form), start = MonotonicClock.seconds, before = making.done
    while making.done < form.count {
      let rows = Array(making.done..<min(form.count, making.done + part))
      var orientations: [LatentFile.Rows] = [], labels: [Int] = []
      for isFlipped in form.isMirroredToo ? [false, true] : [false] {
        let batch = try dataset.batch(rows, flipped: rows.map { _ in isFlipped })
        labels = batch.labels
        let posterior = withoutGradients { tokenizer.posterior(of: batch.images) }
        switch form.content {
        case .codes:
          guard let codes = codes(of: posterior.mean, by: tokenizer.quantizer, for: direction) else { return false }
          orientations.append(.codes(codes))
        case .values, .gaussians:
          orientations.append(
            .numbers(mean: posterior.mean.scalars, logVariance: posterior.logVariance?.scalars ?? []))
        }
      }
      try making.append(orientations, labels: labels)
      let seconds = MonotonicClock.seconds - start, fresh = making.done - before
      journal.progress(
        Progress(
          stage: "latents", done: making.done, total: form.count,
          details: ["\(NumberFormat.short(Double(form.bytes) / 1e6)) MB"], rate: Double(fresh) / seconds,
          secondsPerStep: seconds / Double(fresh)))
      if Interruption.isRequested && making.done < form.count {
        throw Stopped(
          description: "stopped after \(making.done) of \(form.count) latents; the same command goes on from there.")
      }
    }
    try making.finish()
    return true
  }
}

/// Whether training keeps latents; `auto`: where that encodes less and the disk has room.
enum LatentCaching: String, Setting, CaseIterable {
  case auto
  case always = "true"
  case never = "false"
}
