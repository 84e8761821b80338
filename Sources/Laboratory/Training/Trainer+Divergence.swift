import Foundation
import Settings
import Storage
import Tensors

/// Numbers that are no longer finite: what they are, and what is left behind.
extension Trainer {
  /// The section of the settings that shape this training.
  private var section: String { stage == "tokenizer" ? "tokenizer.training" : "training" }

  /// Returns the error of a step that is not finite, after `debug.h5` is written.
  func divergence(
    _ state: TrainingState, at step: Int, _ culprit: DebugFile.Culprit, rows: [Int]
  ) -> Divergence {
    let file = DebugFile(
      step: step, culprit: culprit, rows: rows, history: state.history, parameters: parameters,
      recipe: artefact.recipe)
    let isWritten = (try? file.write(to: artefact.folder)) != nil
    let norms = state.history.map(\.gradientNorm).filter(\.isFinite).map { String(format: "%.3g", $0) }
    let saved = state.savedStep.map { "checkpoint of step \($0)" }
    let left = [saved, isWritten ? "debug.h5" : nil].compactMap(\.self).joined(separator: " and ")
    return Divergence(
      description: "\(stage): step \(step) of \(configuration.steps) diverged: \(culprit.name) is not finite "
        + "(gradient norms before: \(norms.isEmpty ? "none" : norms.joined(separator: ", "))). \(advice(culprit))"
        + (left.isEmpty ? "" : " See \(artefact.folder) (\(left))."))
  }

  /// The sentence that says the cure.
  private func advice(_ culprit: DebugFile.Culprit) -> String {
    if culprit.isInput { return "Correct or remove the image, or what it was encoded by." }
    let clip = configuration.gradientClip, rate = configuration.learningRate
    return "Lower \(section).learning-rate (\(rate.peak.yaml)), "
      + (clip > 0 ? "lower" : "set") + " \(section).gradient-clip (\(clip.yaml)) or raise "
      + "\(section).warmup-steps (\(rate.warmUp.yaml))."
  }

  /// Says that a training that diverged before will do so again: draws and data are those of the first time. The steps
  /// before the present one are remembered.
  func recallDivergence(_ state: inout TrainingState) {
    let history = DebugFile.history(in: artefact.folder)
    guard state.step < configuration.steps, let step = history.last?.step, step > state.step else { return }
    for entry in history where entry.step <= state.step {
      state.note(step: entry.step, loss: entry.loss, gradientNorm: entry.gradientNorm)
    }
    journal.say(
      "\(stage): step \(step) diverged before, and will again unless something changes (\(artefact.folder)/debug.h5)")
  }

  /// Returns the checkpoint of the current state; throws `Divergence` where it holds a number that is not finite.
  func soundCheckpoint(_ state: TrainingState) throws -> Checkpoint {
    let checkpoint = checkpoint(state)
    let groups: [(name: String, values: Checkpoint.Values)] = [
      ("", checkpoint.model), ("moving average of ", checkpoint.average), ("first moment of ", checkpoint.means),
      ("second moment of ", checkpoint.squares), ("discriminator's ", checkpoint.discriminator),
      ("first moment of the discriminator's ", checkpoint.discriminatorMeans),
      ("second moment of the discriminator's ", checkpoint.discriminatorSquares), ("", checkpoint.statistics),
    ]
    guard !Finiteness.holds(groups.flatMap { $0.values.map(\.value) }) else { return checkpoint }
    for (name, values) in groups {
      guard let (path, value) = values.first(where: { !$0.value.isFinite }) else { continue }
      let culprit = DebugFile.Culprit(name: "\(name)'\(path)'", tensor: value)
      throw divergence(state, at: state.step, culprit, rows: [])
    }
    return checkpoint
  }

  /// Finds the first tensor of a step that is not finite, in the order of computation: parameters, data, losses,
  /// gradients.
  func culprit(
    of losses: StepLoss, _ state: TrainingState, rows: [Int], _ numbers: [(name: String, values: Tensor)]
  ) -> DebugFile.Culprit {
    let all = parameters + discriminator
    if let (path, parameter) = all.first(where: { !$0.parameter.value.isFinite }) {
      return DebugFile.Culprit(name: "'\(path)'", tensor: parameter.value)
    }
    for (name, values) in numbers {
      guard let row = Finiteness.firstBrokenRow(of: values) else { continue }
      return DebugFile.Culprit(
        name: "\(name) \(rows[row])", tensor: values.sliced(row..<row + 1, axis: 0), isInput: true)
    }
    guard losses.total.scalar.isFinite else {
      let gradients = losses.total.gradients(of: trained.map { $0() }, releasingGraph: true)
      return DebugFile.Culprit(name: "the loss", tensor: losses.total.detached, gradients: gradients)
    }
    if let adversarial = losses.discriminator, !adversarial.scalar.isFinite {
      return DebugFile.Culprit(name: "the discriminator's loss", tensor: adversarial.detached)
    }
    let gradients = state.optimizer.refusedGradients
    let others = state.discriminatorOptimizer.refusedGradients
    if let (parameter, gradient) = zip(parameters, gradients).first(where: { !$1.isFinite }) {
      return DebugFile.Culprit(name: "the gradient of '\(parameter.path)'", tensor: gradient, gradients: gradients)
    }
    if let (parameter, gradient) = zip(discriminator, others).first(where: { !$1.isFinite }) {
      return DebugFile.Culprit(name: "the gradient of the discriminator's '\(parameter.path)'", tensor: gradient)
    }
    return DebugFile.Culprit(name: "the joint norm of the gradients", tensor: Tensor(.infinity), gradients: gradients)
  }
}
