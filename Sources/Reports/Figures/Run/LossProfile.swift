import Autoregression
import Images
import Laboratory
import Networks
import Tensors

/// Where the trained model finds it hard: by level, by how much it is shown, and by the noise on a token.
enum LossProfile: RunFigure {
  static let name = "loss"
  static let about = "Loss of the trained model by level, by tokens seen, and by diffusion timestep."

  /// Questions asked; each of all the pictures of the study.
  private static let rounds = 12

  static func panels(of study: Study) throws -> [Panel] {
    let model = study.assembly.model, batch = study.real.labels.count, slots = study.layout.slots.count
    let canvas = study.direction.canvas(of: study.latents, by: study.quantizer)
    var byLevel: [Int: [Double]] = [:], bySeen: [Int: [Double]] = [:], byNoise: [[Double]] = noises.map { _ in [] }
    var levelsOfNoise: [Int: [[Double]]] = [:]
    withoutGradients {
      for round in 0..<rounds {
        var random = Random(seed: study.assembly.seed, step: 1_000_000 + round, samples: Array(0..<batch)),
          none: Random?
        let turn = study.direction.trainingTurn(batch: batch, progress: 1, &random)
        let view = study.direction.view(of: canvas, at: turn, by: study.quantizer)
        let hidden = model.backbone(view, given: model.conditioner(study.real.labels), cache: nil, &none)
        let answers = canvas[turn.answered(of: slots, batch: batch)], levels = view.askedLevels
        let losses = model.loss(hidden, answers, levels: levels, &random).scalars, asked = view.asked
        let seen = seen(view), width = asked[0].count
        for sample in 0..<batch {
          for (index, place) in asked[sample].enumerated() {
            let value = Double(losses[sample * width + index])
            byLevel[levels[sample][index], default: []].append(value)
            bySeen[seen[sample][place], default: []].append(value)
          }
        }
        guard round < 4 else { continue }
        for (number, noise) in noises.enumerated() {
          guard let losses = model.loss.loss(hidden, answers, levels: levels, noise: noise, &random)?.scalars else {
            break
          }
          byNoise[number].append(losses.reduce(0) { $0 + Double($1) } / Double(losses.count))
          for sample in 0..<batch {
            for index in 0..<width {
              levelsOfNoise[levels[sample][index], default: noises.map { _ in [] }][number]
                .append(Double(losses[sample * width + index]))
            }
          }
        }
      }
    }
    var panels: [Panel] = []
    if byLevel.count > 1 {
      panels.append(
        Panel(
          "\(name)-level",
          .plot(
            Plot(
              "\(study.name): loss by level", x: "level", y: "loss",
              [Plot.Series("", byLevel.keys.sorted().map { (Double($0), mean(byLevel[$0] ?? [])) })])),
          caption:
            "Mean loss of a token of each level, of \(batch) pictures in \(rounds) questions; weights are left out."))
    }
    if bySeen.count > 1 {
      panels.append(
        Panel(
          "\(name)-seen",
          .plot(
            Plot(
              "\(study.name): loss by tokens seen", x: "tokens that are shown to the one asked for", y: "loss",
              [Plot.Series("", binned(bySeen))])),
          caption:
            "Mean loss of a token against how many others the model sees when it answers, over \(batch) pictures in \(rounds) questions."
        ))
    }
    if byNoise.allSatisfy({ !$0.isEmpty }) {
      var series = [Plot.Series("all", zip(noises, byNoise).map { (Double($0), mean($1)) })]
      if levelsOfNoise.count > 1, levelsOfNoise.count <= 6 {
        series += levelsOfNoise.keys.sorted().map { level in
          Plot.Series("level \(level)", zip(noises, levelsOfNoise[level] ?? []).map { (Double($0), mean($1)) })
        }
      }
      panels.append(
        Panel(
          "\(name)-noise",
          .plot(
            Plot("\(study.name): loss by noise", x: "share of the way to noise", y: "loss", series, yScale: .log)),
          caption: "Mean loss against how far a token has been turned into noise: timestep over all timesteps."))
    }
    guard !panels.isEmpty else {
      throw Inapplicable("this direction has one level and always shows as many tokens, and this loss knows no noise")
    }
    return panels
  }

  private static let noises: [Float] = (0..<20).map { (Float($0) + 0.5) / 20 }

  private static func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(max(1, values.count)) }

  /// How many shown places each place may look at: [batch][places].
  private static func seen(_ view: View) -> [[Int]] {
    let visible = view.visible
    return view.shown.map { shown in
      guard let visible else { return Array(repeating: shown.count, count: view.places) }
      let known = Set(shown)
      var below = 0, counts = [0]
      for place in 0..<view.places {
        if known.contains(place) { below += 1 }
        counts.append(below)
      }
      return visible.map { counts[$0] }
    }
  }

  /// At most 32 points.
  private static func binned(_ values: [Int: [Double]]) -> [(x: Double, y: Double)] {
    let keys = values.keys.sorted(), size = (keys.count + 31) / 32
    return stride(from: 0, to: keys.count, by: size).map { start in
      let part = keys[start..<min(keys.count, start + size)], all = part.flatMap { values[$0] ?? [] }
      return (Double(part.reduce(0, +)) / Double(part.count), mean(all))
    }
  }
}
