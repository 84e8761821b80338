import Autoregression
import Networks
import Tensors

/// What an experiment will take, from its settings alone: no data, no weights.
package struct CostEstimate {
  /// One fact: for people, and for programs.
  private struct Fact {
    let name: String, text: String, key: String, value: JSON
  }
  private let facts: [Fact]

  package init(_ assembly: Assembly, _ speeds: inout ProductSpeeds) {
    func count(_ module: any Module) -> Int { module.parameters.reduce(0) { $0 + $1.parameter.value.count } }
    /// Numbers of matrices: what every row is multiplied by. Vectors and tables of embeddings cost nothing beside.
    func matrices(_ module: any Module) -> Double {
      module.parameters.reduce(0) { sum, entry in
        entry.parameter.value.shape.filter { $0 > 1 }.count > 1 ? sum + Double(entry.parameter.value.count) : sum
      }
    }
    let model = assembly.model, plan = assembly.training, direction = assembly.direction
    let trained = count(model), tokenizer = count(assembly.tokenizer)
    // One turn of training says how many places are seen and how many are asked.
    var random = Random(seed: assembly.seed)
    let turn = direction.trainingTurn(batch: 1, progress: 0, &random), slots = direction.layout.slots.count
    let seen = turn.slots.indices(in: slots, sample: 0).count + model.conditioner.prefixCount
    let asked = turn.predicted.indices(in: seen - model.conditioner.prefixCount, sample: 0).count
    // A multiplication and an addition for each number of a matrix and each row; twice that again on the way back.
    let image =
      6
      * (matrices(model.backbone) * Double(seen) + matrices(model.loss) * Double(asked * model.loss.trainingEvaluations))
    let step = image * Double(plan.batch), whole = step * Double(plan.steps)
    let rows = min(4096, max(16, plan.batch * seen)), width = min(2048, max(16, model.backbone.width))
    let speed = speeds.speed(rows, width), seconds = whole / speed
    let memory = Double(trained) * 4 * 5
    // A checkpoint on its way holds weights, average and two moments; a finished one the first two.
    let checkpoints = Double(trained + tokenizer) * 4 * 4
    let cells = Double(direction.layout.grid.count * assembly.tokenizer.quantizer.space.width)
    let latents =
      assembly.latents == .never || tokenizer == 0
      ? 0 : Double(assembly.dataset.count) * cells * 4 * 2 * (plan.flips ? 2 : 1)

    func number(_ name: String, _ key: String, _ value: Int) -> Fact {
      Fact(name: name, text: "\(value)", key: key, value: .number(Double(value)))
    }
    func scaled(_ name: String, _ key: String, _ value: Double, _ unit: Double) -> Fact {
      Fact(name: name, text: NumberFormat.short(value / unit), key: key, value: .number(value))
    }
    facts = [
      Fact(
        name: "images", text: "\(assembly.images.height)x\(assembly.images.width), \(assembly.classes) classes",
        key: "images", value: .list([.number(Double(assembly.images.height)), .number(Double(assembly.images.width))])),
      Fact(name: "tokens", text: assembly.tokenSummary, key: "tokens", value: .text(assembly.tokenSummary)),
      number("slots", "slots", slots), number("places a training turn sees", "places", seen),
      number("places it asks", "asked", asked), number("turns of a generation", "turns", Self.turns(of: direction)),
      number("tokenizer parameters", "tokenizerParameters", tokenizer),
      number("backbone parameters", "backboneParameters", count(model.backbone)),
      number("loss parameters", "lossParameters", count(model.loss)),
      number("conditioner parameters", "conditionerParameters", count(model.conditioner)),
      number("model parameters", "modelParameters", trained),
      Fact(
        name: "training steps, tokenizer and model", text: "\(assembly.tokenizerTraining.steps) + \(plan.steps)",
        key: "steps", value: .list([.number(Double(assembly.tokenizerTraining.steps)), .number(Double(plan.steps))])),
      scaled("model GFLOP a step, attention left out", "flopStep", step, 1e9),
      scaled("model TFLOP in all", "flop", whole, 1e12),
      scaled("memory of weights, gradients, moments, average (MB)", "memoryBytes", memory, 1e6),
      scaled("disk for checkpoints while training (MB)", "checkpointBytes", checkpoints, 1e6),
      scaled("disk for latents, at most (MB)", "latentBytes", latents, 1e6),
      scaled("speed of such products here (GFLOP/s)", "flopPerSecond", speed, 1e9),
      Fact(
        name: "least time of the model's training (estimate)", text: NumberFormat.duration(seconds), key: "seconds",
        value: .number(seconds)),
    ]
  }

  /// How many questions a generation asks.
  private static func turns(of direction: any RegressionDirection) -> Int {
    var random = Random(seed: 0), past = Past(), count = 0
    while count < 100_000, let now = direction.turn(after: past, batch: 1, &random) {
      past.last = now
      count += 1
      if direction.needsConfidence {
        let asked = now.predicted.indices(in: direction.layout.slots.count, sample: 0).count
        past.confidence = Tensor(zeros: [1, asked])
      }
    }
    return count
  }

  package var json: JSON { .object(facts.map { ($0.key, $0.value) }) }

  package var text: String {
    let width = facts.map(\.name.count).max() ?? 0
    return facts.map { $0.name + String(repeating: " ", count: width - $0.name.count + 2) + $0.text }
      .joined(separator: "\n")
  }
}
