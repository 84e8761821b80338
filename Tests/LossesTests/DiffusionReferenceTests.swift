import Autoregression
import FixtureSupport
import Losses
import Networks
import Settings
import Tensors
import Testing

/// The loss `diffusion` as the reference's file configures it, with the reference's weights.
private func loss(_ file: Fixture, _ more: String) throws -> any TokenLoss {
  let hasLevels = file.has("weights/net.index_cond_embed.weight")
  var random = Random(seed: 1)
  var settings = try Settings(
    parsing: """
      use: diffusion
      width: \(try file.sizes("width")[0])
      depth: \(try file.sizes("depth")[0])
      diffusion-batch-mul: 1
      clip-denoised: none
      level-conditioning: \(hasLevels ? "scalar" : "none")
      \(more)
      """, file: "test")
  let type = try Registry.linked().find("loss", &settings, as: (any TokenLoss.Type).self)
  let tokenLoss = try type.init(
    &settings, of: TokenSpace(width: try file.sizes("target_channels")[0]), from: try file.sizes("z_channels")[0],
    levels: 16, &random)
  try settings.finish()
  #expect(tokenLoss.adopt(try file.weights(), from: hasLevels ? "FAR" : "MAR") == nil)
  return tokenLoss
}

@Suite struct DiffusionReferenceTests {
  @Test("training losses and every gradient are those of the reference", arguments: ["diffloss_mar", "diffloss_far"])
  func training(_ name: String) throws {
    let file = try Fixture(name), tokenLoss = try loss(file, "steps: 10")
    let rows = try file.sizes("n")[0], width = try file.sizes("target_channels")[0]
    func one(_ path: String) throws -> Tensor { try file.tensor("inputs/train/\(path)") }
    let z = try one("z").reshaped([rows, 1, try file.sizes("z_channels")[0]]).tracked
    let levels =
      file.has("inputs/train/index") ? try one("index").scalars.map { [Int($0)] } : Array(repeating: [0], count: rows)
    var random = Random(
      replaying: [
        "timestep": [try one("t").reshaped([rows, 1])], "noise": [try one("noise").reshaped([rows, 1, width])],
      ], samples: Array(0..<rows))
    let losses = tokenLoss(z, Tokens(values: try one("x0").reshaped([rows, 1, width])), levels: levels, &random)
    #expect(try file.disagreement(losses, "outputs/train/loss_per_sample") == nil)
    let mask =
      file.has("inputs/train/mask") ? try one("mask").reshaped([rows, 1]) : Tensor(repeating: 1, shape: [rows, 1])
    let total = (losses * mask).sum / mask.sum.scalar
    #expect(try file.disagreement(total, "outputs/train/loss") == nil)
    let parameters = tokenLoss.parameters
    let gradients = total.gradients(of: parameters.map { $0.parameter() } + [z])
    let ours = Dictionary(uniqueKeysWithValues: zip(parameters.map(\.path), gradients))
    #expect(try file.disagreement(gradients[parameters.count], "grads/train/__z") == nil)
    let theirs = tokenLoss.translated(try file.weights("grads/train"), from: "FAR")
    #expect(theirs.count == parameters.count && file.names("grads/train").count == parameters.count + 1)
    for (path, translated) in theirs {
      #expect(try file.disagreement(try #require(ours[path]), "grads/train/\(translated.sources[0])") == nil)
    }
  }

  @Test("sampling, draw by draw, ends where the reference ends", arguments: ["diffloss_mar", "diffloss_far"])
  func sampling(_ name: String) throws {
    let file = try Fixture(name)
    for run in file.names("outputs") where run.hasPrefix("sample") {
      let isDDIM = run.contains("ddim"), isSections = run.contains("sections"), isGuided = !run.contains("nocfg")
      let counts = file.text("sections") ?? ""
      let tokenLoss = try loss(
        file,
        "steps: \(isSections ? "[\(counts)]" : "\(try file.sizes("steps")[0])")\nsampler: "
          + "\(isDDIM ? "ddim" : "ancestral")"
      )
      let z = try file.tensor("inputs/sample/z"), width = try file.sizes("target_channels")[0]
      let rows = isGuided ? z.shape[0] / 2 : z.shape[0]
      func part(_ x: Tensor, _ range: Range<Int>) -> Tensor {
        x.sliced(range, axis: 0).reshaped([range.count, 1, x.shape[1]])
      }
      let initial = try file.tensor("inputs/\(run)/init_noise").reshaped([rows, 1, width])
      var noise: [Tensor] = []
      if file.has("inputs/\(run)/noise") {
        let all = try file.tensor("inputs/\(run)/noise")
        noise = (0..<all.shape[0]).map {
          part(all.sliced($0..<$0 + 1, axis: 0).reshaped(Array(all.shape[1...])), 0..<rows)
        }
      }
      var random = Random(replaying: ["initial": [initial], "denoising": noise], samples: Array(0..<rows))
      let index =
        file.has("inputs/sample/index")
        ? try file.tensor("inputs/sample/index").scalars.map { [Int($0)] } : Array(repeating: [0], count: z.shape[0])
      let temperature = try file.attribute("temperature", of: "outputs/\(run)") ?? file.number("temperature") ?? 1
      let cfg = try file.attribute("cfg", of: "outputs/\(run)") ?? file.number("cfg") ?? 1
      let draw = withoutGradients {
        tokenLoss.sample(
          Guided(
            conditional: part(z, 0..<rows), unconditional: isGuided ? part(z, rows..<2 * rows) : nil,
            scale: isGuided ? Float(cfg) : 1, temperature: Float(temperature)), levels: Array(index[..<rows]),
          at: Moment(), &random)
      }
      guard case .values(let values) = draw.content else { return }
      let expected = try file.tensor("outputs/\(run)/result").sliced(0..<rows, axis: 0)
      let error = values.reshaped([rows, width]).distance(to: expected),
        allowed = try file.tolerance("outputs/\(run)/result")
      #expect(error <= allowed, "\(name).h5 outputs/\(run)/result")
    }
  }
}
