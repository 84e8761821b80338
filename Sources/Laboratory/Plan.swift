import Autoregression
import Networks

/// What an experiment will take, from its settings alone.
struct Plan {
  let assembly: Assembly

  init(_ assembly: Assembly) { self.assembly = assembly }

  func text(json: Bool) -> String {
    func count(_ module: any Module) -> Int { module.parameters.reduce(0) { $0 + $1.parameter.value.count } }
    let model = assembly.model, slots = assembly.direction.layout.slots.count
    let trained = count(model), tokenizer = count(assembly.tokenizer), places = slots + model.conditioner.prefixCount
    // Two operations a weight and place forward, four back; the loss sees each token alone, some times over.
    let flops = 6.0 * Double(count(model.backbone)) * Double(places) * Double(assembly.training.batch)
    let facts: [(String, String)] = [
      ("images", "\(assembly.images.height)x\(assembly.images.width), \(assembly.classes) classes"),
      ("tokens", assembly.tokenSummary), ("slots", "\(slots)"),
      ("tokenizer parameters", "\(tokenizer)"), ("backbone parameters", "\(count(model.backbone))"),
      ("loss parameters", "\(count(model.loss))"), ("conditioner parameters", "\(count(model.conditioner))"),
      ("model parameters", "\(trained)"),
      ("backbone GFLOP a step", Progress.number(flops / 1e9)),
      ("training steps", "\(assembly.tokenizerTraining.steps) + \(assembly.training.steps)"),
      ("memory of weights, gradients, moments and average (MB)", Progress.number(Double(trained) * 4 * 5 / 1e6)),
      ("checkpoints on disk (MB)", Progress.number(Double(trained + tokenizer) * 4 * 4 / 1e6)),
    ]
    if json { return "{\n" + facts.map { "  \"\($0.0)\": \"\($0.1)\"" }.joined(separator: ",\n") + "\n}" }
    let width = facts.map(\.0.count).max() ?? 0
    return facts.map { $0.0 + String(repeating: " ", count: width - $0.0.count + 2) + $0.1 }.joined(separator: "\n")
  }
}
