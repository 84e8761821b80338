import Autoregression
import Foundation
import ProgramSupport
import Settings
import Storage
import Tensors
import Testing

/// Returns the folders of the artefacts that an experiment uses.
private func stages(_ overrides: [String]) throws -> [String: String] {
  // A setting of another component selects that component, too: "loss=cross-entropy:top-k=3".
  let overrides = overrides.flatMap { text -> [String] in
    guard let colon = text.firstIndex(of: ":"), !text[..<colon].contains("{") else { return [text] }
    let pair = text[..<colon].split(separator: "=")
    let tokenizer = pair[1] == "cross-entropy" ? ["tokenizer={use: vq, stride: 8, width: 8, codes: 16}"] : []
    let rest = text[text.index(after: colon)...]
    return tokenizer + ["\(pair[0])={use: \(pair[1])}"] + (rest.isEmpty ? [] : ["\(pair[0]).\(rest)"])
  }
  let ending = try program(["validate", "--inputs", "--json", quickstart, "dataset.count=32"] + overrides)
  let list = try JSONSerialization.jsonObject(with: Data(ending.output.utf8)) as? [[String: Any]]
  let found = list?.first?["stages"] as? [String: [String: String]] ?? [:]
  return found.compactMapValues { $0["folder"] }
}

@Suite(.serialized) struct ArtefactTests {
  @Test(
    "a setting that only matters in generation keeps the model",
    arguments: [
      "loss.steps=7", "loss.steps=[5,5]", "loss.steps={from: 4, to: 9, shape: linear}", "loss.sampler=ddim",
      "loss.clip-denoised=none", "direction.levels=[0,3]", "direction.unfiltered-steps=[1]",
      "direction.mask.sampling=cosine",
      "sampling.guidance=3", "sampling.temperature=0.9", "sampling.per-class=1", "evaluation.count=9",
      "training.save-every=3", "training.cache-latents=false",
    ])
  func same(_ override: String) throws {
    let usual = try stages([])
    #expect(usual.count == 2)
    #expect(try stages([override]) == usual)
  }

  @Test(
    "a setting that shapes training gives another model, and one of the tokenizer another tokenizer, too",
    arguments: [
      "loss.diffusion-batch-mul=2", "loss.noise-schedule=linear", "direction.filter=dct", "direction.target=band",
      "direction.level-sampling=per-batch",
      "direction.mask.training=uniform", "direction.loss-weight=sine", "training.steps=3", "training.flip=true",
      "training.crop=random", "training.resize=[1.5, 2]",
      "backbone.depth=6", "conditioner.count=2", "seed=2", "dataset.count=33", "tokenizer.channels=3",
    ])
  func other(_ override: String) throws {
    let usual = try stages([]), now = try stages([override])
    #expect(now["model"] != nil && now["model"] != usual["model"])
    let isEarlier = ["seed", "dataset", "tokenizer"].contains { override.hasPrefix($0) }
    #expect((now["tokenizer"] != usual["tokenizer"]) == isEarlier)
  }

  @Test(
    "the same holds for what only other losses and directions have",
    arguments: [
      ("loss=cross-entropy:", ["top-k=3", "top-p=0.9", "draw=gumbel"], ["label-smoothing=0.1", "bias=false"]),
      ("loss=flow-matching:", ["steps=7", "sampler=heun"], ["diffusion-batch-mul=2", "timestep-sampling=uniform"]),
      (
        "direction=masked:", ["steps=5", "schedule=linear", "reveal=confident", "order=raster"],
        ["mask-ratio=schedule", "loss-on=all", "min-mask-ratio=0.5"]
      ),
    ])
  func others(_ component: String, _ sampled: [String], _ shaping: [String]) throws {
    let usual = try stages([component])
    #expect(usual.count == 2)
    // Confidence needs a loss over codes, which this experiment has not.
    for setting in sampled where setting != "reveal=confident" {
      #expect(try stages([component + setting]) == usual, "\(setting)")
    }
    for setting in shaping { #expect(try stages([component + setting])["model"] != usual["model"], "\(setting)") }
  }

  @Test("levels shape training where it draws from them, or answers each of them")
  func levels() throws {
    for extra in ["direction.training-levels=listed", "direction.target=next-level"] {
      let a = try stages([extra, "direction.levels=[0,1,2]"]), b = try stages([extra, "direction.levels=[0,2]"])
      #expect(a["model"] != b["model"], "\(extra)")
    }
  }

  private static let codes = [
    "tokenizer={use: vq, stride: 8, width: 8, codes: 16, training: {steps: 3, batch: 4}}", "loss={use: cross-entropy}",
    "direction={use: masked, steps: 4}",
  ]
  /// Numbers that are quantized scale by scale, so that one code a cell does not hold them.
  private static let residuals = [
    "tokenizer={use: multi-scale-vq, stride: 8, width: 8, codes: 16, code-width: 4, training: {steps: 3, batch: 4}}",
    codes[1], "direction={use: multi-scale, scales: [1, 2, 4]}",
    "backbone={use: decoder, width: 16, depth: 1, heads: 2}",
  ]

  @Test(
    "training from cached latents has the losses of encoding every batch: Gaussians, codes, numbers; of every view",
    arguments: [
      ([], LatentFile.Form.Content.gaussians), (codes, .codes), (residuals, .values),
    ], [["flip=false"], ["flip=true"], ["flip=true", "crop=five", "resize=[1.25, 1.25]"]])
  func cached(_ component: ([String], LatentFile.Form.Content), _ views: [String]) throws {
    let (overrides, content) = component
    var losses: [[Double]] = [], files: [[String]] = []
    for keeping in ["true", "false"] {
      let scratch = Scratch()
      let common = tiny.filter { overrides.isEmpty || !($0.hasPrefix("loss.") || $0.hasPrefix("tokenizer.")) }
      let ending = try program(
        ["run", "-q", quickstart, "results=\(scratch.path)"] + common + overrides + views.map { "training.\($0)" } + [
          "training.cache-latents=\(keeping)", "training.steps=20",
        ])
      #expect(ending.status == 0, "\(ending)")
      let model = try #require(scratch.content.first { $0.contains("model-") && $0.hasSuffix("metrics.h5") })
      losses.append(try MetricsLog("\(scratch.path)/\(model)").series("train", "loss").map(\.value))
      files.append(scratch.content.filter { $0.contains("latents-") && $0.hasSuffix(".h5") })
      if keeping == "true", let file = files[0].first {
        let form = try LatentFile("\(scratch.path)/\(file)").form
        let count = (views.contains("crop=five") ? 5 : 1) * (views.contains("flip=true") ? 2 : 1)
        #expect(form.content == content && form.count == 32 && form.views == count)
      }
    }
    #expect(files[0].count == 1 && files[1].isEmpty)
    #expect(losses[0].count == 2 && losses[1].count == 2)
    for (a, b) in zip(losses[0], losses[1]) { #expect(abs(a - b) <= 1e-3 * abs(b), "\(losses)") }
  }

  @Test("latents that were stopped go on, and end in the bytes of those that were not")
  func stopped() throws {
    let arguments = tiny + ["dataset.count=20000", "training.cache-latents=true", "training.steps=1"]
    func latents(_ scratch: Scratch) throws -> Data {
      let file = try #require(scratch.content.first { $0.hasSuffix("/latents.h5") }, "\(scratch.content)")
      return try Data(contentsOf: URL(fileURLWithPath: "\(scratch.path)/\(file)"))
    }
    let whole = Scratch(), parts = Scratch()
    #expect(try program(["run", "-q", quickstart, "results=\(whole.path)"] + arguments).status == 0)
    // Stopped once the first rows are there.
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "\(projectFolder)/.build/release/overtone")
    process.arguments = ["run", "-q", quickstart, "results=\(parts.path)"] + arguments
    process.standardError = FileHandle.nullDevice
    try process.run()
    while process.isRunning, !parts.content.contains(where: { $0.hasSuffix("latents.h5.part") }) { usleep(10_000) }
    usleep(100_000)
    kill(process.processIdentifier, SIGINT)
    process.waitUntilExit()
    #expect(process.terminationStatus == 75)
    #expect(!parts.content.contains { $0.hasSuffix("/latents.h5") })
    let resumed = try program(["run", quickstart, "results=\(parts.path)"] + arguments)
    #expect(resumed.status == 0, "\(resumed)")
    #expect(try latents(parts) == latents(whole))
  }

  @Test("latents drawn from a posterior are those that the tokenizer encodes")
  func posteriors() throws {
    for entry in Registry.linked().entries {
      guard let type = entry.type as? any Tokenizer.Type else { continue }
      var settings = try Settings(parsing: type.about.example, file: type.key), random = Random(seed: 2)
      let shape = ImageShape(height: 32, width: 32), grid = try type.grid(&settings, images: shape)
      let layout = Layout(grid: grid, slots: Slot.cells(of: grid), groups: Array(repeating: 0, count: grid.count))
      let tokenizer = try type.init(&settings, images: shape, layout: layout, &random)
      var draws = Random(seed: 5, samples: [3, 8])
      let images = draws.uniform([2, 32, 32, 3], "images") * 2 - 1
      var (first, second) = (Random(seed: 7, samples: [3, 8]), Random(seed: 7, samples: [3, 8]))
      let encoded = tokenizer.encode(images, &first), drawn = tokenizer.posterior(of: images).draw(&second)
      #expect(encoded.shape == drawn.shape)
      let difference = zip(encoded.scalars, drawn.scalars).map { abs($0 - $1) }.max() ?? .infinity
      #expect(difference <= 1e-4, "\(type.key) by \(difference)")
    }
  }
}
