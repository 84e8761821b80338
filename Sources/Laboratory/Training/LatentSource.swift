import Autoregression
import Networks
import Settings
import Storage

/// Training with latents from a file; `auto`: where that encodes fewer images and the disk has room.
enum LatentCaching: String, Setting, CaseIterable {
  /// A file where it saves work.
  case auto
  /// A file in any case.
  case always = "true"
  /// No file: images are encoded at every step.
  case never = "false"
}

/// The latents that the model is trained on.
enum LatentSource {
  /// Distributions of latents [batch, rows, columns, channels], and a label for each.
  struct Batch {
    var posterior: Posterior
    var labels: [Int]
  }

  /// Images are encoded at every step.
  case encoder(any Tokenizer, BatchLoader)
  /// Latents are read from a file.
  case cache(LatentCache)

  /// Returns the latents of some images by index, each cut as its augmentation says.
  func batch(_ rows: [Int], augmented: [Augmentation]) throws -> Batch {
    switch self {
    case .encoder(let tokenizer, let images):
      let batch = try images.batch(rows, augmented: augmented)
      return Batch(posterior: withoutGradients { tokenizer.posterior(of: batch.images) }, labels: batch.labels)
    case .cache(let cache): return try cache.batch(rows, augmented: augmented)
    }
  }

  /// Chooses between the two, and writes the file where it is missing.
  struct Builder {
    let assembly: Assembly
    let artefact: Artefact
    let journal: Journal

    /// Images that are encoded at every step come from `loader`.
    func source(reading loader: BatchLoader) throws -> LatentSource {
      let tokenizer = assembly.tokenizer, images = assembly.dataset.train
      let encoder = LatentSource.encoder(tokenizer, loader)
      let rule = assembly.training.augmentation
      // Endless views are encoded at every step.
      guard assembly.latentCaching != .never, let views = rule.views else { return encoder }
      let lock = try Lock.waiting(for: artefact.folder)
      defer { lock.release() }
      Folder.removeAbandonedFiles(below: artefact.folder)
      var form = try LatentCache.form(
        of: images, by: tokenizer, for: assembly.direction, rule: rule)
      if !Folder.exists(artefact.latents(form.content)) {
        guard assembly.latentCaching == .always || isWorthwhile(form) else { return encoder }
        try artefact.prepare()
        try artefact.check(artefact.latents(form.content))
        try artefact.beginRecord()
        // Codes that lose something of a later image are given up for numbers.
        if try !write(form, views) {
          form.content = .values
          _ = try write(form, views)
        }
      }
      try artefact.check(artefact.latents(form.content))
      try artefact.record(artefact.latents(form.content))
      let cache = try LatentCache(artefact.latents(form.content), tokenizer.quantizer, views: views)
      guard cache.form == form else {
        throw LaboratoryError(
          "\(artefact.latents(form.content)): it holds \(cache.form.count) latents of shape \(cache.form.shape), not "
            + "\(form.count) of \(form.shape); remove it, and run the experiment again.")
      }
      return .cache(cache)
    }

    /// True where there is something to compute, more often than once per image, and half of the free disk suffices.
    private func isWorthwhile(_ form: LatentFile.Form) -> Bool {
      let encodings = assembly.training.steps * assembly.training.batch
      let images = assembly.dataset.train.count * form.views
      let free = Environment.freeBytes(at: assembly.results) ?? 0
      return !assembly.tokenizer.parameters.isEmpty && encodings > images && form.bytes < free / 2
    }

    private func write(_ form: LatentFile.Form, _ views: [Augmentation]) throws -> Bool {
      try LatentCache.Encoding(
        images: assembly.dataset.train, tokenizer: assembly.tokenizer, direction: assembly.direction, views: views,
        form: form
      ).write(to: artefact.latents(form.content), journal)
    }
  }
}
