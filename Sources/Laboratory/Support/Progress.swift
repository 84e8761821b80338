/// The progress of a stage.
package struct Progress {
  /// The stage's name.
  let stage: String
  /// Steps that are done, of `total`.
  let done: Int
  let total: Int
  /// Further facts: "loss 0.412".
  let details: [String]
  /// Images per second; 0 where that means nothing.
  let rate: Double
  /// Wall time of a step, for the estimate of the time that is left.
  let secondsPerStep: Double

  /// `rate` is in images per second.
  init(stage: String, done: Int, total: Int, details: [String], rate: Double, secondsPerStep: Double) {
    (self.stage, self.done, self.total, self.details) = (stage, done, total, details)
    (self.rate, self.secondsPerStep) = (rate, secondsPerStep)
  }

  /// A stage whose steps are images, `count` of which took `seconds`.
  init(stage: String, done: Int, total: Int, details: [String], seconds: Double, for count: Int) {
    self.init(
      stage: stage, done: done, total: total, details: details, rate: Double(count) / max(1e-9, seconds),
      secondsPerStep: seconds / Double(max(1, count)))
  }

  /// "model: step 50/1000 (5 %), loss 0.412, 310 images/s, 1:05 left".
  var line: String {
    let percent = total > 0 ? 100 * done / total : 100
    let left = done < total ? ", \(NumberFormat.duration(Double(total - done) * secondsPerStep)) left" : ""
    let speed = rate > 0 ? ", \(NumberFormat.short(rate)) images/s" : ""
    return "\(stage): step \(done)/\(total) (\(percent) %), \(details.joined(separator: ", "))\(speed)\(left)"
  }
}
