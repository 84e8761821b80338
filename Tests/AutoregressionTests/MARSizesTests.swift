import Autoregression
import FixtureSupport
import Networks
import Settings
import Tensors
import Testing

@Suite struct MARSizesTests {
  /// MAR of the file's sizes with its weights; encoder and decoder differ in width, depth and heads.
  private func model(_ file: Fixture, _ direction: any RegressionDirection) throws -> Model {
    func number(_ name: String) throws -> Int { try file.sizes(name)[0] }
    let space = TokenSpace(width: try number("vae_embed_dim"))
    var random = Random(seed: 1)
    let conditioner = try part(
      "conditioner", "{ use: class-prefix, count: \(try number("buffer_size")) }", (any Conditioner.Type).self
    ) { try $0.init(&$1, classes: try number("class_num"), width: try number("encoder_embed_dim"), &random) }
    let shape = BackboneShape(
      layout: direction.layout, space: space, prefixCount: conditioner.prefixCount, hasVector: false)
    let sizes = "{ use: encoder-decoder, \(try file.encoderDecoderSizes) }"
    let backbone = try part("backbone", sizes, (any Backbone.Type).self) { try $0.init(&$1, for: shape, &random) }
    #expect(backbone.width == (try number("decoder_embed_dim")))
    let head = """
      { use: diffusion, width: \(try number("diffloss_w")), depth: \(try number("diffloss_d")),
        diffusion-batch-mul: \(try number("diffusion_batch_mul")) }
      """
    let loss = try part("loss", head, (any TokenLoss.Type).self) {
      try $0.init(&$1, of: space, from: backbone.width, levels: 1, &random)
    }
    let model = Model(
      quantizer: Identity(width: space.width), direction: direction, conditioner: conditioner, backbone: backbone,
      loss: loss)
    #expect(model.adopt(try file.weights(), from: "MAR") == nil)
    return model
  }

  @Test("an encoder and a decoder of different sizes give MAR's hidden states and gradients")
  func forward() throws {
    let file = try Fixture("mar_sizes", always: true), side = try file.sizes("latent_hw")[0], cells = side * side
    let samples = Array(0..<(try file.sizes("batch")[0]))
    let direction = try part("direction", "{ use: masked }", (any RegressionDirection.Type).self) {
      try $0.init(&$1, over: Grid(height: side, width: side))
    }
    let model = try model(file, direction), mask = try file.ints("inputs/eval/mask")
    func positions(_ sample: Int, masked: Int) -> [Int] {
      (0..<cells).filter { mask[sample * cells + $0] == masked }
    }
    let shown = samples.map { positions($0, masked: 0) }, predicted = samples.map { positions($0, masked: 1) }
    let canvas = direction.canvas(of: try file.images("inputs/eval/latents"), by: model.quantizer)
    var dropout: Random?
    func states(_ turn: Turn) throws -> Tensor {
      let view = direction.view(of: canvas, at: turn, by: model.quantizer)
      let condition = model.conditioner(try file.ints("inputs/eval/labels"))
      return model.backbone(view, given: condition, cache: nil, &dropout)
    }
    #expect(try file.disagreement(states(Turn(shown: .perSample(shown))), "outputs/eval/z") == nil)

    let probe = try file.tensor("inputs/eval/probe")
    let states = try states(Turn(shown: .perSample(shown), predicted: .perSample(predicted)))
    let loss = (states * probe.gathered(predicted)).sum * Tensor(1 / Float(probe.count))
    #expect(try file.disagreement(loss, "outputs/eval/loss") == nil)
    let theirs = try file.weights("grads/eval")
    let parameters = model.parameters.filter { !$0.path.hasPrefix("loss.") }
    let gradients = loss.gradients(of: parameters.map { $0.parameter() })
    let ours = zip(parameters, gradients).map { (path: $0.path, gradient: $1) }
    let translated = model.translated(theirs, from: "MAR")
    #expect(try file.disagreement(ours, "grads/eval", translated: translated) == nil)
  }
}
