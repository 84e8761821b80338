import Autoregression
import Tensors

extension Trial {
  /// Honesty in training, at its beginning and at its end.
  mutating func train() {
    for progress: Float in [0, 0.5, 1] {
      let turn = direction.trainingTurn(batch: batch, progress: progress, &random)
      guard checkForm(of: turn) else { return }
      let askedCount = predicted(turn, 0).count
      check("nothing predicted in training", askedCount > 0)
      check("weights misshapen", turn.weights.map { $0.shape == [batch, askedCount] } ?? true)
      guard turn.levels == nil else { continue }
      let truly = inputs(of: truth, turn), groups = direction.layout.groups
      for sample in 0..<batch {
        let places = places(turn, sample), shown = shown(turn, sample), asked = answers(turn, sample)
        for group in Set(groups[..<places.count]) {
          let answers = Set(asked.filter { groups[$0] >= group }.map { places[$0] })
          let canvas = scrambled(truth) { $0 == sample && answers.contains($1) }, otherwise = inputs(of: canvas, turn)
          for place in shown where groups[place] <= group {
            check("training peeks", row(truly, sample, place) == row(otherwise, sample, place))
          }
        }
      }
    }
  }

  /// The asked places of a training turn, without those that are only copied: where every place sees all, those that
  /// are shown as well and count less than others.
  private func answers(_ turn: Turn, _ sample: Int) -> [Int] {
    let asked = predicted(turn, sample), shown = Set(shown(turn, sample)), groups = direction.layout.groups
    guard let weights = turn.weights?.scalars, groups.first == groups.last else { return asked }
    let own = Array(weights[sample * asked.count..<(sample + 1) * asked.count]), heaviest = own.max() ?? 0
    return asked.indices.filter { !shown.contains(asked[$0]) || own[$0] >= heaviest }.map { asked[$0] }
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
    // What is drawn elsewhere does not move what is given, where a slot is a cell (coarser slots reach over the edge).
    let cells = Slot.cells(of: direction.layout.grid).map { [$0.row, $0.column] }
    let levels = Dictionary(grouping: direction.layout.slots, by: \.level).values
    guard levels.allSatisfy({ $0.count == cells.count && $0.allSatisfy { cells.contains([$0.row, $0.column]) } })
    else { return }
    let free = Set(direction.layout.slots.indices).subtracting(pinned)
    let other = direction.latent(of: scrambled(canvas) { free.contains($1) }, by: quantizer)
    let rows = 0..<(direction.layout.grid.height / 2)
    check("pinned moves", other.sliced(rows, axis: 1).distance(to: latent.sliced(rows, axis: 1)) <= 1e-5)
  }

  /// Other numbers where nothing is known change nothing that is shown.
  private mutating func checkHonesty(at turn: Turn, of canvas: Tokens, knowing known: [Set<Int>]) {
    let truly = inputs(of: canvas, turn)
    let otherwise = inputs(of: scrambled(canvas) { !known[$0].contains($1) }, turn)
    for sample in 0..<batch {
      for place in shown(turn, sample) {
        check("generation peeks", row(truly, sample, place) == row(otherwise, sample, place))
      }
    }
  }

  /// What both turns show of one slot is the same, if it stands behind the same one where tokens are fed to the next;
  /// `canvas` holds the truth wherever it is known.
  private mutating func checkAgreement(of now: Turn, with training: Turn, on canvas: Tokens, _ known: [Set<Int>]) {
    let here = inputs(of: canvas, now), there = inputs(of: truth, training)
    for sample in 0..<batch {
      let taught = Set(shown(training, sample)), trained = places(training, sample)
      let number = Dictionary(uniqueKeysWithValues: zip(trained, trained.indices))
      let present = places(now, sample), shift = direction.layout.shift
      for place in shown(now, sample) {
        guard let twin = number[present[place]], taught.contains(twin) else { continue }
        guard shift == 0 || place >= shift && twin >= shift && present[place - shift] == trained[twin - shift] else {
          continue
        }
        let pairs = zip(row(here, sample, place), row(there, sample, twin))
        check("training and generation differ", pairs.allSatisfy { abs($0 - $1) <= 1e-6 })
      }
    }
  }

  private mutating func checkSettled(at now: Turn, after last: Turn?) {
    let groups = direction.layout.groups
    for sample in 0..<batch {
      let places = places(now, sample)
      guard (0...places.count).contains(now.settled) else { return check("turn misshapen", false) }
      guard now.settled > 0 else { continue }
      check(
        "settled positions still open",
        groups[..<now.settled].allSatisfy { settled in groups[now.settled..<places.count].allSatisfy { $0 > settled } })
      let before = last.map { self.places($0, sample) } ?? []
      check("settled positions moved", Array(before.prefix(now.settled)) == Array(places.prefix(now.settled)))
    }
  }
}
