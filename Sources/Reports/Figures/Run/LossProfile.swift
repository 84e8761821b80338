import Autoregression
import Images
import Laboratory
import Networks
import Tensors

/// Loss of the trained model on images of the data set: by level, by the number of visible tokens, and by the noise of
/// a diffusion timestep.
enum LossProfile: RunFigure {
  static let name = "loss"
  static let about = "Loss of the trained model by level, by visible tokens, and by diffusion timestep."

  /// Number of training turns that are drawn; each is evaluated on all images of the context.
  private static let rounds = 12
  /// Number of these that are evaluated at every noise level, too.
  private static let noiseRounds = 4
  /// Noise levels, as timestep / number of timesteps.
  private static let noises: [Float] = (0..<20).map { (Float($0) + 0.5) / 20 }

  static func panels(of context: FigureContext) throws -> [Panel] {
    let losses = measure(context), batch = context.real.labels.count
    let panels = [
      levelPanel(losses, context.name, batch), visiblePanel(losses, context.name, batch),
      noisePanel(losses, context.name),
    ].compactMap(\.self)
    guard !panels.isEmpty else {
      throw Inapplicable(
        "this direction has one level and a fixed number of visible tokens, and this loss has no noise")
    }
    return panels
  }

  // MARK: Measurement

  /// Losses of single tokens, grouped.
  private struct Losses {
    var byLevel: [Int: [Double]] = [:]
    /// By the number of tokens that the predicted one can attend to.
    var byVisible: [Int: [Double]] = [:]
    /// [noises][rounds]: means over tokens.
    var byNoise: [[Double]] = noises.map { _ in [] }
    /// [level][noises]: losses of tokens.
    var byLevelAndNoise: [Int: [[Double]]] = [:]
  }

  private static func measure(_ context: FigureContext) -> Losses {
    let model = context.assembly.model, batch = context.real.labels.count, slots = context.layout.slots.count
    let canvas = context.direction.canvas(of: context.latents, by: context.quantizer)
    var losses = Losses()
    withoutGradients {
      for round in 0..<rounds {
        var random = Random(seed: context.assembly.seed, step: 1_000_000 + round, samples: Array(0..<batch))
        var dropout: Random?
        let turn = context.direction.trainingTurn(batch: batch, progress: 1, &random)
        let view = context.direction.view(of: canvas, at: turn, by: context.quantizer)
        let hidden = model.backbone(view, given: model.conditioner(context.real.labels), cache: nil, &dropout)
        let targets = canvas[turn.predictedSlots(of: slots, batch: batch)], levels = view.predictedLevels
        let positions = view.predictedPositions
        let values = model.loss(hidden, targets, at: positions, &random).scalars
        let visible = visibleCounts(view), width = view.predicted[0].count
        for sample in 0..<batch {
          for (index, position) in view.predicted[sample].enumerated() {
            let value = Double(values[sample * width + index])
            losses.byLevel[levels[sample][index], default: []].append(value)
            losses.byVisible[visible[sample][position], default: []].append(value)
          }
        }
        guard round < noiseRounds else { continue }
        for (number, noise) in noises.enumerated() {
          guard let values = model.loss.loss(hidden, targets, at: positions, noise: noise, &random)?.scalars
          else { break }
          losses.byNoise[number].append(values.reduce(0) { $0 + Double($1) } / Double(values.count))
          for sample in 0..<batch {
            for index in 0..<width {
              losses.byLevelAndNoise[levels[sample][index], default: noises.map { _ in [] }][number]
                .append(Double(values[sample * width + index]))
            }
          }
        }
      }
    }
    return losses
  }

  /// Number of given tokens that each position can attend to: [batch][positions].
  private static func visibleCounts(_ view: View) -> [[Int]] {
    let visible = view.visible
    return view.shown.map { shown in
      guard let visible else { return Array(repeating: shown.count, count: view.length) }
      let given = Set(shown)
      var below = 0, counts = [0]
      for position in 0..<view.length {
        if given.contains(position) { below += 1 }
        counts.append(below)
      }
      return visible.map { counts[$0] }
    }
  }

  // MARK: Drawings

  private static func levelPanel(_ losses: Losses, _ title: String, _ batch: Int) -> Panel? {
    guard losses.byLevel.count > 1 else { return nil }
    let points = losses.byLevel.keys.sorted().map { (Double($0), mean(losses.byLevel[$0] ?? [])) }
    return Panel(
      "\(name)-level", .plot(Plot("\(title): loss by level", x: "level", y: "loss", [Plot.Series("", points)])),
      caption: "Mean loss of a token of each level, of \(batch) images in \(rounds) turns, without loss weights.")
  }

  private static func visiblePanel(_ losses: Losses, _ title: String, _ batch: Int) -> Panel? {
    guard losses.byVisible.count > 1 else { return nil }
    return Panel(
      "\(name)-seen",
      .plot(
        Plot(
          "\(title): loss by visible tokens", x: "tokens that the predicted one can attend to", y: "loss",
          [Plot.Series("", binned(losses.byVisible))])),
      caption: "Mean loss of a token against the number of visible tokens, over \(batch) images in \(rounds) turns.")
  }

  private static func noisePanel(_ losses: Losses, _ title: String) -> Panel? {
    guard losses.byNoise.allSatisfy({ !$0.isEmpty }) else { return nil }
    var series = [Plot.Series("all", zip(noises, losses.byNoise).map { (Double($0), mean($1)) })]
    let levels = losses.byLevelAndNoise.keys.sorted()
    if levels.count > 1, levels.count <= 6 {
      series += levels.map { level in
        let values = losses.byLevelAndNoise[level] ?? []
        return Plot.Series("level \(level)", zip(noises, values).map { (Double($0), mean($1)) })
      }
    }
    return Panel(
      "\(name)-noise",
      .plot(Plot("\(title): loss by noise", x: "timestep / timesteps", y: "loss", series, yScale: .log)),
      caption: "Mean loss against the diffusion timestep, as a fraction of all timesteps.")
  }

  private static func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(max(1, values.count)) }

  /// Means of neighbouring keys, so that at most 32 points remain.
  private static func binned(_ values: [Int: [Double]]) -> [(x: Double, y: Double)] {
    let keys = values.keys.sorted(), size = (keys.count + 31) / 32
    return stride(from: 0, to: keys.count, by: size).map { start in
      let part = keys[start..<min(keys.count, start + size)], all = part.flatMap { values[$0] ?? [] }
      return (Double(part.reduce(0, +)) / Double(part.count), mean(all))
    }
  }
}
