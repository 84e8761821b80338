import Autoregression
import Tensors

/// One check of a direction: a random image, and the laws that were found broken so far.
struct Trial {
  let direction: any RegressionDirection
  let batch: Int
  let quantizer: Identity
  let latent: Tensor
  let truth: Tokens
  var random: Random
  private(set) var broken: Set<String> = []

  /// A direction that has not ended by then is taken not to end.
  static let mostTurns = 10_000

  var slots: Int { direction.layout.slots.count }

  init(of direction: any RegressionDirection, width: Int, batch: Int, seed: UInt64) {
    self.direction = direction
    self.batch = batch
    quantizer = Identity(width: width)
    random = Random(seed: seed, samples: Array(0..<batch))
    let grid = direction.layout.grid
    latent = random.normal([batch, grid.height, grid.width, width], "latent")
    truth = direction.canvas(of: latent, by: quantizer)
  }

  /// Notes that a law is broken unless `holds`.
  mutating func check(_ law: String, _ holds: Bool) {
    if !holds { broken.insert(law) }
  }

  /// Nothing else can be tried on a direction whose canvas or layout has the wrong form.
  var isWellFormed: Bool { !broken.contains("canvas misshapen") }

  // MARK: Round trip and form

  mutating func layOut() {
    let layout = direction.layout
    check("groups decrease", zip(layout.groups, layout.groups.dropFirst()).allSatisfy { $0 <= $1 })
    let image: Range<Float> = 0..<1
    check("slots outside the image", layout.slots.allSatisfy { image.contains($0.row) && image.contains($0.column) })
    check("levels without a label", layout.slots.allSatisfy { hasLabel($0.level) })
    check("canvas misshapen", truth.values.shape == [batch, slots, quantizer.space.width])
    guard isWellFormed else { return }
    let back = direction.latent(of: truth, by: quantizer)
    // Sums of a pyramid may round: a few units of single precision at numbers of about 4.
    check("round trip", back.shape == latent.shape && back.distance(to: latent) <= 1e-5)
  }

  /// Returns true if a turn names positions that exist, so that it can be looked at further.
  mutating func checkForm(of turn: Turn) -> Bool {
    var isSound = true
    for sample in 0..<batch {
      let sequence = self.sequence(turn, sample), shown = self.shown(turn, sample),
        predicted = self.predicted(turn, sample)
      func isIn(_ rows: [Int], _ count: Int) -> Bool {
        rows.allSatisfy { (0..<count).contains($0) } && Set(rows).count == rows.count
      }
      isSound =
        isSound && isIn(sequence, slots) && isIn(shown, sequence.count) && isIn(predicted, sequence.count)
        && sequence.count == self.sequence(turn, 0).count
        && (shown.count == self.shown(turn, 0).count || !direction.showsEqually)
        && predicted.count == self.predicted(turn, 0).count
      check("predictions out of order", predicted == predicted.sorted())
    }
    let levels = turn.levels ?? [0]
    check("levels without a label", levels.allSatisfy(hasLabel))
    isSound = isSound && [1, batch].contains(levels.count)
    isSound = isSound && direction.layout.groups.count >= sequence(turn, 0).count
    check("turn misshapen", isSound)
    guard isSound else { return false }
    let shape = inputs(of: truth, turn).shape
    check("inputs misshapen", shape == [batch, sequence(turn, 0).count, quantizer.space.width])
    return shape.count == 3 && shape[1] == sequence(turn, 0).count
  }

  private func hasLabel(_ level: Int) -> Bool { (0..<direction.layout.levels).contains(level) }

  // MARK: Parts of turns

  func sequence(_ turn: Turn, _ sample: Int) -> [Int] { turn.slots.indices(in: slots, sample: sample) }
  func shown(_ turn: Turn, _ sample: Int) -> [Int] {
    turn.shown.indices(in: sequence(turn, sample).count, sample: sample)
  }
  func predicted(_ turn: Turn, _ sample: Int) -> [Int] {
    turn.predicted.indices(in: sequence(turn, sample).count, sample: sample)
  }

  /// [batch, length, width]
  func inputs(of canvas: Tokens, _ turn: Turn) -> Tensor {
    direction.inputs(of: canvas, at: turn, by: quantizer).values
  }

  /// The numbers of one row of [batch, rows, width].
  func row(_ tensor: Tensor, _ sample: Int, _ row: Int) -> [Float] {
    let (count, width) = (tensor.shape[1], tensor.shape[2]), start = (sample * count + row) * width
    return tensor.withUnsafeScalars { Array($0[start..<start + width]) }
  }

  /// The canvas with other numbers in the slots that `changes` names.
  mutating func scrambled(_ canvas: Tokens, _ changes: (_ sample: Int, _ slot: Int) -> Bool) -> Tokens {
    var numbers = canvas.values.scalars
    let width = quantizer.space.width, other = random.normal(canvas.values.shape, "scrambled").scalars
    for sample in 0..<batch {
      for slot in 0..<slots where changes(sample, slot) {
        for i in (sample * slots + slot) * width..<(sample * slots + slot + 1) * width { numbers[i] = other[i] }
      }
    }
    return Tokens(values: Tensor(canvas.values.shape, numbers))
  }
}
