import Autoregression
import Images
import Laboratory
import Networks
import Tensors

/// Everything that changes along a generation or along training.
enum Schedules: RunFigure {
  static let name = "schedules"
  static let about =
    "Guidance, temperature, tokens shown and asked, denoising steps, masks, loss weights, learning rate."

  static func panels(of study: Study) throws -> [Panel] {
    let assembly = study.assembly, turns = study.turns(), slots = study.layout.slots.count
    func along(_ name: String, _ value: (Turn) -> Double) -> Plot.Series {
      Plot.Series(name, turns.enumerated().map { (Double($0.offset + 1), value($0.element)) })
    }
    func places(_ turn: Turn) -> Int { turn.places.count(in: slots) }
    let guidance = assembly.sampling.guidance
    var panels = [
      Panel(
        "\(name)-guidance",
        .plot(
          Plot(
            "\(study.name): guidance and temperature", x: "turn", y: "",
            [
              along("guidance", { Double(guidance.scale($0.moment)) }),
              along("temperature", { Double(guidance.temperature($0.moment)) }),
            ])), caption: "How a generation is steered, turn by turn. Guidance 1 is the condition as trained."),
      Panel(
        "\(name)-tokens",
        .plot(
          Plot(
            "\(study.name): tokens of a turn", x: "turn", y: "tokens",
            [
              along("take part") { Double(places($0)) },
              along("shown") { Double($0.shown.count(in: places($0))) },
              along("asked") { Double($0.asked.count(in: places($0))) },
            ])), caption: "Tokens that take part in a turn, of these those shown and those asked for."),
      Panel(
        "\(name)-evaluations",
        .plot(
          Plot(
            "\(study.name): network evaluations of a token", x: "turn", y: "",
            [along("") { Double(assembly.model.loss.evaluations(at: $0.moment)) }])),
        caption:
          "How often the loss' network is evaluated to draw one token: \(turns.reduce(0) { $0 + assembly.model.loss.evaluations(at: $1.moment) }) along all \(turns.count) turns."
      ),
    ]
    if study.layout.levels > 1 {
      panels.append(
        Panel(
          "\(name)-levels",
          .plot(
            Plot(
              "\(study.name): levels", x: "turn", y: "level", [along("") { Double(study.level(of: $0)) }])),
          caption: "The level of each turn."))
    }
    return panels + training(study) + rates(study)
  }

  /// What training asks, from many questions: how much it hides and how much each level weighs.
  private static func training(_ study: Study) -> [Panel] {
    let slots = study.layout.slots.count, draws = 2000
    var hidden: [Int: [Double]] = [:], weights: [Int: [Double]] = [:], all: [Double] = []
    for step in 0..<draws {
      var random = Random(seed: study.assembly.seed, step: step)
      let turn = study.direction.trainingTurn(batch: 1, progress: Float(step) / Float(draws), &random)
      let places = turn.places.count(in: slots), asked = turn.asked.indices(in: places, sample: 0)
      let share = 1 - Double(turn.shown.count(in: places)) / Double(max(1, places)), level = study.level(of: turn)
      hidden[level, default: []].append(share)
      all.append(share)
      let each = turn.places.indices(in: slots, sample: 0), scalars = turn.weights?.scalars
      for (index, place) in asked.enumerated() {
        let level = turn.levels?.first ?? study.layout.slots[each[place]].level
        weights[level, default: []].append(Double(scalars?[index] ?? 1))
      }
    }
    func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(max(1, values.count)) }
    var panels: [Panel] = []
    if hidden.count > 1 {
      let levels = hidden.keys.sorted()
      func curve(_ name: String, _ value: ([Double]) -> Double) -> Plot.Series {
        Plot.Series(name, levels.map { (Double($0), value(hidden[$0] ?? [])) })
      }
      panels.append(
        Panel(
          "\(name)-mask",
          .plot(
            Plot(
              "\(study.name): share hidden in training", x: "level", y: "share",
              [curve("mean", mean), curve("least") { $0.min() ?? 0 }, curve("most") { $0.max() ?? 0 }])),
          caption: "The share of tokens that training hides at each level, over \(draws) questions."))
    } else {
      var shares: [Double: Int] = [:]
      for share in all { shares[share, default: 0] += 1 }
      let counts = shares.keys.sorted().map { ($0, Double(shares[$0] ?? 0) / Double(all.count)) }
      panels.append(
        Panel(
          "\(name)-mask",
          .plot(
            Plot(
              "\(study.name): share hidden in training", x: "share of tokens", y: "share of questions",
              [Plot.Series("", counts, isJoined: counts.count > 2)])),
          caption: "How often training hides which share of the tokens, over \(draws) questions."))
    }
    if weights.count > 1 {
      panels.append(
        Panel(
          "\(name)-weights",
          .plot(
            Plot(
              "\(study.name): weight of a level in the loss", x: "level", y: "weight",
              [Plot.Series("", weights.keys.sorted().map { (Double($0), mean(weights[$0] ?? [])) })])),
          caption: "What a token of each level counts in the loss, the mean over \(draws) questions."))
    }
    return panels
  }

  private static func rates(_ study: Study) -> [Panel] {
    var plans = [("model", study.assembly.training)]
    if !study.assembly.tokenizer.parameters.isEmpty {
      plans.insert(("tokenizer", study.assembly.tokenizerTraining), at: 0)
    }
    let series = plans.filter { $0.1.steps > 0 }.map { name, plan in
      Plot.Series(
        name,
        Study.thinned(plan.steps, to: 150).map { (Double($0), plan.rate(Double($0))) })
    }
    guard !series.isEmpty else { return [] }
    return [
      Panel(
        "\(name)-rate",
        .plot(Plot("\(study.name): learning rate", x: "step", y: "learning rate", series)),
        caption: "The learning rate along training.")
    ]
  }
}
