import Autoregression
import Tensors

extension Trial {
  /// Honesty in training, at its beginning and at its end.
  mutating func train() {
    for progress: Float in [0, 0.5, 1] {
      let turn = direction.trainingTurn(batch: batch, progress: progress, &random)
      guard checkForm(of: turn) else { return }
      let predictedCount = predicted(turn, 0).count
      check("nothing predicted in training", predictedCount > 0)
      check("weights misshapen", turn.weights.map { $0.shape == [batch, predictedCount] } ?? true)
      guard turn.levels == nil else { continue }
      let truly = inputs(of: truth, turn), groups = direction.layout.groups
      for sample in 0..<batch {
        let sequence = self.sequence(turn, sample), shown = self.shown(turn, sample), predicted = answers(turn, sample)
        for group in Set(groups[..<sequence.count]) {
          let answers = Set(predicted.filter { groups[$0] >= group }.map { sequence[$0] })
          let canvas = scrambled(truth) { $0 == sample && answers.contains($1) }, otherwise = inputs(of: canvas, turn)
          for position in shown where groups[position] <= group {
            check("training peeks", row(truly, sample, position) == row(otherwise, sample, position))
          }
        }
      }
    }
  }

  /// The predicted positions of a training turn, without those that are only copied: where every position attends to
  /// all, those that are shown as well and count less than others.
  private func answers(_ turn: Turn, _ sample: Int) -> [Int] {
    let predicted = self.predicted(turn, sample), shown = Set(shown(turn, sample)), groups = direction.layout.groups
    guard let weights = turn.weights?.scalars, groups.first == groups.last else { return predicted }
    let weightsOfSample = Array(weights[sample * predicted.count..<(sample + 1) * predicted.count]),
      heaviest = weightsOfSample.max() ?? 0
    return predicted.indices.filter { !shown.contains(predicted[$0]) || weightsOfSample[$0] >= heaviest }.map {
      predicted[$0]
    }
  }

  /// One generation in which every draw is the truth; completion and all laws of single turns.
  mutating func generate(pinned: [Int]) {
    let training = direction.trainingTurn(batch: batch, progress: 1, &random)  // as training ends
    guard checkForm(of: training) else { return }
    var canvas = Tokens.zeros(batch, slots, quantizer.space), past = Past(pinned: pinned), count = 0
    let given = Selection.perSample(Array(repeating: pinned, count: batch))
    if !pinned.isEmpty { canvas[given] = truth[given] }
    var known = Array(repeating: Set(pinned), count: batch)
    while let now = direction.turn(after: past, batch: batch, &random) {
      guard count < Self.mostTurns else { return check("turns never end", false) }
      guard checkForm(of: now) else { return }
      check("steps out of order", now.moment.step == count && (0...1).contains(now.moment.progress))
      check("progress falls", now.moment.progress >= past.last?.moment.progress ?? 0)
      checkHonesty(at: now, of: canvas, knowing: known)
      if now.levels == nil && training.levels == nil { checkAgreement(of: now, with: training, on: canvas, known) }
      checkSettled(at: now, after: past.last)
      let answers = now.predictedSlots(of: slots, batch: batch)
      canvas[answers] = truth[answers]
      for sample in 0..<batch { known[sample].formUnion(answers.indices(in: slots, sample: sample)) }
      past.last = now
      if direction.needsConfidence {
        past.confidence = random.uniform([batch, predicted(now, 0).count], "confidence")
      }
      count += 1
    }
    let prefix = pinned.isEmpty ? "" : "pinned: "
    check(prefix + "step count", count == past.last?.moment.steps)
    check(prefix + "image left unfinished", known.allSatisfy { $0.count == slots })
    check(prefix + "image left unfinished", canvas.values.distance(to: truth.values) == 0)
    guard !pinned.isEmpty else { return }
    // Other tokens do not change the given part of the image, where a slot is a cell (coarser slots reach over the
    // edge).
    let cells = Slot.cells(of: direction.layout.grid).map { [$0.row, $0.column] }
    let levels = Dictionary(grouping: direction.layout.slots, by: \.level).values
    guard levels.allSatisfy({ $0.count == cells.count && $0.allSatisfy { cells.contains([$0.row, $0.column]) } })
    else { return }
    let free = Set(direction.layout.slots.indices).subtracting(pinned)
    let other = direction.latent(of: scrambled(canvas) { free.contains($1) }, by: quantizer)
    let rows = 0..<(direction.layout.grid.height / 2)
    check("pinned moves", other.sliced(rows, axis: 1).distance(to: latent.sliced(rows, axis: 1)) <= 1e-5)
  }

  /// Inputs do not depend on slots that are neither given nor predicted yet.
  private mutating func checkHonesty(at turn: Turn, of canvas: Tokens, knowing known: [Set<Int>]) {
    let truly = inputs(of: canvas, turn)
    let otherwise = inputs(of: scrambled(canvas) { !known[$0].contains($1) }, turn)
    for sample in 0..<batch {
      for position in shown(turn, sample) {
        check("generation peeks", row(truly, sample, position) == row(otherwise, sample, position))
      }
    }
  }

  /// The inputs of both turns at one slot are equal, if with a shift the slot before it is the same;
  /// `canvas` holds the truth wherever it is known.
  private mutating func checkAgreement(of now: Turn, with training: Turn, on canvas: Tokens, _ known: [Set<Int>]) {
    let here = inputs(of: canvas, now), there = inputs(of: truth, training)
    for sample in 0..<batch {
      let taught = Set(shown(training, sample)), trained = sequence(training, sample)
      let number = Dictionary(uniqueKeysWithValues: zip(trained, trained.indices))
      let present = sequence(now, sample), shift = direction.layout.shift
      for position in shown(now, sample) {
        guard let twin = number[present[position]], taught.contains(twin) else { continue }
        guard shift == 0 || position >= shift && twin >= shift && present[position - shift] == trained[twin - shift]
        else {
          continue
        }
        let pairs = zip(row(here, sample, position), row(there, sample, twin))
        check("training and generation differ", pairs.allSatisfy { abs($0 - $1) <= 1e-6 })
      }
    }
  }

  private mutating func checkSettled(at now: Turn, after last: Turn?) {
    let groups = direction.layout.groups
    for sample in 0..<batch {
      let sequence = self.sequence(now, sample)
      guard (0...sequence.count).contains(now.settled) else { return check("turn misshapen", false) }
      guard now.settled > 0 else { continue }
      check(
        "settled positions still open",
        groups[..<now.settled].allSatisfy { settled in groups[now.settled..<sequence.count].allSatisfy { $0 > settled }
        })
      let before = last.map { self.sequence($0, sample) } ?? []
      check("settled positions moved", Array(before.prefix(now.settled)) == Array(sequence.prefix(now.settled)))
    }
  }
}
