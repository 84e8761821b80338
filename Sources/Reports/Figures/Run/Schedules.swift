import Autoregression
import Images
import Laboratory
import Networks
import Tensors

/// Quantities that change over the turns of a generation or over the steps of training.
enum Schedules: RunFigure {
  static let name = "schedules"
  static let about =
    "Guidance, temperature, tokens given and predicted, denoising steps, mask ratio, loss weights, learning rate."

  static func panels(of context: FigureContext) throws -> [Panel] {
    let assembly = context.assembly, turns = context.turns(), slots = context.layout.slots.count
    func curve(_ name: String, _ value: (Turn) -> Double) -> Plot.Series {
      Plot.Series(name, turns.enumerated().map { (Double($0.offset + 1), value($0.element)) })
    }
    func positions(_ turn: Turn) -> Int { turn.slots.count(in: slots) }
    let guidance = assembly.sampling.guidance
    let evaluations = turns.reduce(0) { $0 + assembly.model.loss.evaluations(at: $1.moment) }
    var panels = [
      Panel(
        "\(name)-guidance",
        .plot(
          Plot(
            "\(context.name): guidance and temperature", x: "turn", y: "",
            [
              curve("guidance", { Double(guidance.scale($0.moment)) }),
              curve("temperature", { Double(guidance.temperature($0.moment)) }),
            ])), caption: "Scale of classifier-free guidance and temperature at each turn; a scale of 1 is no guidance."
      ),
      Panel(
        "\(name)-tokens",
        .plot(
          Plot(
            "\(context.name): tokens of a turn", x: "turn", y: "tokens",
            [
              curve("all") { Double(positions($0)) },
              curve("given") { Double($0.shown.count(in: positions($0))) },
              curve("predicted") { Double($0.predicted.count(in: positions($0))) },
            ])), caption: "Tokens of each turn, and of these the given and the predicted ones."),
      Panel(
        "\(name)-evaluations",
        .plot(
          Plot(
            "\(context.name): network evaluations per token", x: "turn", y: "",
            [curve("") { Double(assembly.model.loss.evaluations(at: $0.moment)) }])),
        caption:
          "Network evaluations of the token loss for one token: \(evaluations) over all \(turns.count) turns."
      ),
    ]
    if context.layout.levels > 1 {
      panels.append(
        Panel(
          "\(name)-levels",
          .plot(
            Plot(
              "\(context.name): levels", x: "turn", y: "level", [curve("") { Double(context.level(of: $0)) }])),
          caption: "The level of each turn."))
    }
    return panels + training(context) + rates(context)
  }

  /// Statistics of turns that training draws.
  private struct TrainingDraws {
    static let count = 2000
    /// Masked fraction of each turn, by its level.
    var maskedByLevel: [Int: [Double]] = [:]
    /// Loss weight of each predicted token, by its level.
    var weightsByLevel: [Int: [Double]] = [:]
    /// Masked fraction of each turn.
    var masked: [Double] = []

    init(_ context: FigureContext) {
      let slots = context.layout.slots.count
      for step in 0..<Self.count {
        var random = Random(seed: context.assembly.seed, step: step)
        let progress = Float(step) / Float(Self.count)
        let turn = context.direction.trainingTurn(batch: 1, progress: progress, &random)
        let count = turn.slots.count(in: slots), predicted = turn.predicted.indices(in: count, sample: 0)
        let fraction = 1 - Double(turn.shown.count(in: count)) / Double(max(1, count))
        maskedByLevel[context.level(of: turn), default: []].append(fraction)
        masked.append(fraction)
        let positions = turn.slots.indices(in: slots, sample: 0), scalars = turn.weights?.scalars
        for (index, position) in predicted.enumerated() {
          let level = turn.levels?.first ?? context.layout.slots[positions[position]].level
          weightsByLevel[level, default: []].append(Double(scalars?[index] ?? 1))
        }
      }
    }
  }

  /// Masked fractions and loss weights of training.
  private static func training(_ context: FigureContext) -> [Panel] {
    let draws = TrainingDraws(context), masked = draws.maskedByLevel, weights = draws.weightsByLevel
    func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(max(1, values.count)) }
    var panels = [
      masked.count > 1 ? maskByLevel(masked, context.name, mean) : maskHistogram(draws.masked, context.name)
    ]
    if weights.count > 1 {
      let points = weights.keys.sorted().map { (Double($0), mean(weights[$0] ?? [])) }
      panels.append(
        Panel(
          "\(name)-weights",
          .plot(Plot("\(context.name): loss weight by level", x: "level", y: "weight", [Plot.Series("", points)])),
          caption: "Mean loss weight of a token of each level, over \(TrainingDraws.count) training turns."))
    }
    return panels
  }

  private static func maskByLevel(
    _ masked: [Int: [Double]], _ title: String, _ mean: ([Double]) -> Double
  ) -> Panel {
    func curve(_ name: String, _ value: ([Double]) -> Double) -> Plot.Series {
      Plot.Series(name, masked.keys.sorted().map { (Double($0), value(masked[$0] ?? [])) })
    }
    return Panel(
      "\(name)-mask",
      .plot(
        Plot(
          "\(title): masked fraction in training", x: "level", y: "fraction",
          [curve("mean", mean), curve("minimum") { $0.min() ?? 0 }, curve("maximum") { $0.max() ?? 0 }])),
      caption: "Fraction of tokens that training masks at each level, over \(TrainingDraws.count) turns.")
  }

  private static func maskHistogram(_ masked: [Double], _ title: String) -> Panel {
    var counts: [Double: Int] = [:]
    for fraction in masked { counts[fraction, default: 0] += 1 }
    let points = counts.keys.sorted().map { ($0, Double(counts[$0] ?? 0) / Double(masked.count)) }
    return Panel(
      "\(name)-mask",
      .plot(
        Plot(
          "\(title): masked fraction in training", x: "fraction of tokens", y: "fraction of turns",
          [Plot.Series("", points, isJoined: points.count > 2)])),
      caption: "Distribution of the fraction of tokens that training masks, over \(TrainingDraws.count) turns.")
  }

  /// Learning rates of the stages that are trained.
  private static func rates(_ context: FigureContext) -> [Panel] {
    var stages = [("model", context.assembly.training)]
    if !context.assembly.tokenizer.parameters.isEmpty {
      stages.insert(("tokenizer", context.assembly.tokenizerTraining), at: 0)
    }
    let series = stages.filter { $0.1.steps > 0 }.map { name, training in
      Plot.Series(
        name,
        FigureContext.subsampled(training.steps, to: 150).map { (Double($0), training.learningRate(Double($0))) })
    }
    guard !series.isEmpty else { return [] }
    return [
      Panel(
        "\(name)-rate",
        .plot(Plot("\(context.name): learning rate", x: "step", y: "learning rate", series)),
        caption: "Learning rate over the steps of training.")
    ]
  }
}
